// The same as ws_chat.py with Node's library `ws`, which Debian has in NODE_PATH=/usr/share/nodejs.
//     ws_chat.cjs server FOLDER
//     ws_chat.cjs client URL FOLDER
"use strict";
const assert = require("assert");
const fs = require("fs");
const http = require("http");
const https = require("https");
const { WebSocket, WebSocketServer } = require("ws");

const FLOOD = Array.from({ length: 200 }, (_, i) => String.fromCharCode(97 + (i % 26)).repeat(10000));
const SIZES = [0, 1, 125, 126, 65535, 65536, 500000];

function chat(socket) {
    socket.on("error", () => {});
    socket.on("message", (data, binary) => {
        const text = binary ? null : data.toString();
        if (text === "close") socket.close(4000, "as you wish");
        else if (text === "abort") socket.terminate();
        else if (text === "flood") for (const each of FLOOD) socket.send(each);
        else if (text === "fragments") {
            socket.send("one ", { fin: false });
            socket.send("", { fin: false });
            socket.send("two");
        } else socket.send(data, { binary });
    });
}

async function serve(folder) {
    const ports = [];
    const file = name => fs.readFileSync(`${folder}/${name}`);
    for (const server of [http.createServer(),
                          https.createServer({ cert: file("localhost.pem"), key: file("localhost.key") })]) {
        new WebSocketServer({ server, perMessageDeflate: { threshold: 0 } }).on("connection", chat);
        await new Promise(done => server.listen(0, "127.0.0.1", done));
        ports.push(server.address().port);
    }
    console.log(ports.join(" "));
    process.stdin.on("end", () => process.exit(0)).resume();
}

// A connection whose messages are awaited; at its end an awaited one is the code.
function connect(url, options) {
    const socket = new WebSocket(url, options), arrived = [], waiting = [];
    const put = value => (waiting.length ? waiting.shift()(value) : arrived.push(value));
    socket.on("message", (data, binary) => put(binary ? data : data.toString()));
    socket.on("close", put);
    socket.on("error", () => {});
    socket.next = () => (arrived.length ? Promise.resolve(arrived.shift()) : new Promise(go => waiting.push(go)));
    return new Promise(done => socket.on("open", () => done(socket)));
}

async function talk(url, folder) {
    const ca = fs.readFileSync(`${folder}/ca.pem`);
    for (const deflate of [false, true]) {
        const options = { ca, perMessageDeflate: deflate && { threshold: 0 } };
        const socket = await connect(url, options);
        assert.equal(socket.extensions !== "", deflate);
        for (const size of SIZES) {
            const text = "x".repeat(size), bytes = Buffer.alloc(size, "0123456789");
            socket.send(text);
            assert.equal(await socket.next(), text);
            socket.send(bytes);
            assert(bytes.equals(await socket.next()));
        }
        socket.send("é-one ", { fin: false });
        socket.send("two");
        assert.equal(await socket.next(), "é-one two");
        socket.send("fragments");
        assert.equal(await socket.next(), "one two");
        const pong = new Promise(done => socket.on("pong", done));
        socket.ping("ping");
        assert.equal((await pong).toString(), "ping");
        socket.send("flood");
        for (const each of FLOOD) assert.equal(await socket.next(), each);
        socket.send("close");
        assert.equal(await socket.next(), 4000);
        const other = await connect(url, options);
        other.send("abort");
        assert.equal(await other.next(), 1006);
    }
}

const [role, ...rest] = process.argv.slice(2);
(role === "server" ? serve(...rest) : talk(...rest)).catch(error => {
    console.error(error);
    process.exit(1);
});
