// BullMQ: jobs that are added in bulk, then taken and completed by one worker; both count.
// Run as: node bullmq.mjs URL SECONDS, where bullmq is installed.
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';

const AT_ONCE = 1000;
const CONCURRENCY = 512;
const JOBS_A_SECOND = 2500; // about as many as it manages here, so that a run takes about as long as it shall

const [place, seconds] = [new URL(process.argv[2].replace('valkey:', 'redis:')), Number(process.argv[3])];
const connect = () => new Redis({
  host: place.hostname,
  port: Number(place.port),
  password: place.password,
  db: Number(place.pathname.slice(1) || 0),
  maxRetriesPerRequest: null,
});
const jobs = Math.ceil((JOBS_A_SECOND * seconds) / AT_ONCE) * AT_ONCE;
const queue = new Queue('moves', { connection: connect() });
await queue.obliterate({ force: true });

const began = performance.now();
for (let first = 0; first < jobs; first += AT_ONCE) {
  const batch = Array.from({ length: AT_ONCE }, (_, number) => ({ name: 'move', data: { number: first + number } }));
  await queue.addBulk(batch);
}
let left = jobs;
await new Promise((resolve, reject) => {
  const worker = new Worker('moves', async (job) => job.data.number + 1, { connection: connect(), concurrency: CONCURRENCY });
  worker.on('completed', () => {
    left -= 1;
    if (left === 0) worker.close().then(resolve);
  });
  worker.on('failed', (job, error) => reject(error));
  worker.on('error', reject);
});
const spent = (performance.now() - began) / 1000;
console.log('\n' + JSON.stringify({ per_s: jobs / spent }));
process.exit(); // the connections are still open
