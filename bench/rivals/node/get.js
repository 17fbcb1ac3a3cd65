// Node's undici as a client in the http section: get.js PORT CONNECTIONS REQUESTS ROUNDS, as
// bench/http/get_client.cpp has them. Its pool and request(), which its documentation says are quicker than fetch().
'use strict';

const {Pool} = require('/usr/share/nodejs/undici');

const [port, connections, requests, rounds] = process.argv.slice(2).map(Number);
const pool = new Pool(`http://127.0.0.1:${port}`, {connections});
let left = 0;

async function getMany() {
  while (left-- > 0) {
    const response = await pool.request({path: '/', method: 'GET'});
    const body = await response.body.text();
    if (response.statusCode !== 200 || body !== 'Hello, World!') {
      throw new Error(`${response.statusCode} ${body}`);
    }
  }
}

async function main() {
  for (let round = 0; round <= rounds; ++round) {
    const started = process.cpuUsage();
    left = requests;
    await Promise.all(Array.from({length: connections}, getMany));
    const {user, system} = process.cpuUsage(started);
    if (round > 0) console.log(JSON.stringify({requests, client_cpu_ns: (user + system) * 1000}));
  }
  await pool.close();
}

main().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
