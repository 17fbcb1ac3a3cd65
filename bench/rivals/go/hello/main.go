// Go's net/http as a server in the http section, on one processor. Prints "ready PORT" once it listens.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
)

var body = []byte("Hello, World!")

func hello(writer http.ResponseWriter, _ *http.Request) {
	writer.Header().Set("Content-Type", "text/plain")
	writer.Write(body)
}

func main() {
	runtime.GOMAXPROCS(1)
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", hello)
	fmt.Println("ready", os.Args[1])
	http.Serve(listener, mux)
}
