// Node's http as a server in the http section: hello.js PORT. Prints "ready PORT" once it listens.
'use strict';

const http = require('http');

const body = 'Hello, World!';
const headers = {'Content-Type': 'text/plain', 'Content-Length': body.length};

const server = http.createServer((request, response) => {
  response.writeHead(200, headers);
  response.end(body);
});
server.listen(Number(process.argv[2]), '127.0.0.1', 1024, () => console.log(`ready ${process.argv[2]}`));
