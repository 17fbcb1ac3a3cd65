// Go's net/http as a client in the http section, on one processor: PORT CONNECTIONS REQUESTS ROUNDS, as
// bench/http/get_client.cpp has them.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
)

func cpuNs() int64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return usage.Utime.Nano() + usage.Stime.Nano()
}

// Each worker has a share of its own: a counter for all would be a race.
func getMany(client *http.Client, url string, share int) {
	request, err := http.NewRequest("GET", url, nil)
	if err != nil {
		panic(err)
	}
	for ; share > 0; share-- {
		response, err := client.Do(request)
		if err != nil {
			panic(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != 200 || string(body) != "Hello, World!" {
			panic(fmt.Sprint(response.Status, err, string(body)))
		}
	}
}

func main() {
	runtime.GOMAXPROCS(1)
	var numbers [3]int
	for i := range numbers {
		numbers[i], _ = strconv.Atoi(os.Args[2+i])
	}
	connections, requests, rounds := numbers[0], numbers[1], numbers[2]
	url := "http://127.0.0.1:" + os.Args[1] + "/"
	client := &http.Client{Transport: &http.Transport{
		MaxConnsPerHost: connections, MaxIdleConns: connections, MaxIdleConnsPerHost: connections,
		DisableCompression: true,
	}}
	for round := 0; round <= rounds; round++ {
		started := cpuNs()
		var workers sync.WaitGroup
		workers.Add(connections)
		for i := 0; i < connections; i++ {
			go func() {
				getMany(client, url, requests/connections)
				workers.Done()
			}()
		}
		workers.Wait()
		if round > 0 {
			fmt.Printf("{\"requests\": %d, \"client_cpu_ns\": %d}\n",
				requests/connections*connections, cpuNs()-started)
		}
	}
}
