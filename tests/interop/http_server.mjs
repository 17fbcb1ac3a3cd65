// A server of Node's http, for tests of the client. Prints its port, and serves until its input ends.
import http from "node:http";

const server = http.createServer((request, response) => {
    if (request.url === "/trailers") {
        response.writeHead(200, { Trailer: "X-Sum" });
        response.write("body");
        response.addTrailers({ "X-Sum": "4" });
        response.end();
    } else if (request.url === "/continue") {
        request.pipe(response);
    } else {
        response.end("hello from node");
    }
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit(0)).resume();
