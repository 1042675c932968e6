// Two players with the unmodified socket.io-client play a battle to its end, and say on standard output what they see.
// Arguments: the URLs at which the two connect, the level, and after which turn they wait for something to come by
// standard input. A token comes from URL/token?player=NAME.
import { io } from "socket.io-client";

const [urls, level, last] = [process.argv.slice(2, 4), Number(process.argv[4]), Number(process.argv[5])];
let waits = true;
const ANSWER_MILLISECONDS = 2000;

function say(line) {
  process.stdout.write(JSON.stringify(line) + "\n");
}

async function tokenOf(url, player) {
  for (;;) {
    try {
      const answer = await fetch(`${url}/token?player=${player}`);
      if (answer.ok) return await answer.text();
    } catch {
      // Its server is gone, and the next one is not there yet.
    }
    await new Promise((done) => setTimeout(done, 100));
  }
}

class Player {
  constructor(url, name) {
    Object.assign(this, { name, room: null, cursor: 0, turn: 0, acts: [], turns: [], connects: 0, left: 0 });
    this.over = new Promise((done) => (this.end = done));
    const auth = (give) => tokenOf(url, name).then((token) => give({ token }));
    this.socket = io(url, { transports: ["websocket"], auth, reconnectionDelay: 100, reconnectionDelayMax: 200 });
    const on = {
      connect: () => this.connected(),
      connect_error: (error) => this.refused(error),
      matchFound: ({ roomId }) => this.socket.emit("confirmMatch", { roomId }),
      gameState: (state) => this.see(state),
      gameMessage: (event) => this.happened(event),
      opponentDisconnected: () => (this.left += 1),
      gameEnd: (end) => this.end(end),
    };
    for (const [event, handle] of Object.entries(on)) this.socket.on(event, handle);
  }

  connected() {
    this.connects += 1;
    if (this.room === null) this.socket.emit("joinMatchmaking", { level });
    else this.socket.emit("resumeGame", { roomId: this.room, cursor: this.cursor });
    this.play();
  }

  refused(error) {
    // A refusal by the server itself is final for the library; ours says when to come again.
    if (error.data?.code === 1013) setTimeout(() => this.socket.connect(), 200);
  }

  see({ roomId, cursor, turn, acts }) {
    Object.assign(this, { room: roomId, cursor, turn, acts });
    this.play();
  }

  happened({ cursor, name, fields }) {
    this.cursor = cursor;
    if (name === "advance" || name === "finish") {
      Object.assign(this, { turn: fields.turn, acts: fields.acts ?? [] });
      this.turns.push(fields.turn);
      say({ player: this.name, turn: fields.turn });
      this.play();
    }
  }

  // The same turn has the same id at every try, so that it counts once.
  play() {
    const turn = this.turn;
    if (!this.acts.includes(this.name) || !this.socket.connected || (waits && turn >= last)) return;
    const move = { roomId: this.room, id: `t${turn}`, message: { spell: "spark" } };
    this.socket.timeout(ANSWER_MILLISECONDS).emit("gameMessage", move, (error) => {
      if (error !== null && this.turn === turn) this.play();
    });
  }
}

const players = [new Player(urls[0], "ada"), new Player(urls[1], "bob")];
process.stdin.once("data", () => {
  waits = false;
  process.stdin.destroy();
  players.forEach((player) => player.play());
});
const ends = await Promise.all(players.map((player) => player.over));
players.forEach(({ name, turns, connects, left }, number) => {
  say({ player: name, turns, connects, left, places: ends[number].places, reason: ends[number].reason });
});
players.forEach(({ socket }) => socket.disconnect());
