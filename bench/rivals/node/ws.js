// Node's library ws as a server in the websocket section: ws.js PORT. Prints "ready PORT" once it listens.
'use strict';

const {WebSocketServer} = require('ws');

const port = Number(process.argv[2]);
const server = new WebSocketServer({host: '127.0.0.1', port, backlog: 1024, perMessageDeflate: false});
server.on('connection', (socket) => socket.on('message', (data, isBinary) => socket.send(data, {binary: isBinary})));
server.on('listening', () => console.log(`ready ${port}`));
