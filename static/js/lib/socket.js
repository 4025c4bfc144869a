// Speaks Socket.IO with the server (protocol 5 over Engine.IO 4), as far as we use it. The library for all the rest of it weighs more than
// our own scripts of the first page. A line that broke is tried again, later each time, and not at the same moment by everybody.
const ADDRESS = "/socket.io/?EIO=4&transport=websocket", FIRST_PAUSE = 500, LAST_PAUSE = 5_000;
const OPEN = "0", CLOSE = "1", PING = "2", PONG = "3", CONNECT = "40", LEFT = "41", EVENT = "42", ANSWER = "43", REFUSED = "44";

// What may be heard beside the server's events: connect, connect_error, disconnect (with the reason), ping.
export function openSocket() {
  const heard = new Map(), answers = new Map();
  let line = null, again = 0, pause = FIRST_PAUSE, deaf = 0, patience = 0, asked = 0;
  const socket = {
    connected: false,
    on(name, listener) { heard.set(name, [...(heard.get(name) ?? []), listener]); },
    once(name, listener) { socket.on(name, function only(...said) { heard.set(name, heard.get(name).filter((other) => other !== only)); listener(...said); }); },
    emit(name, about, answered) {
      if (!socket.connected) return;
      if (answered) answers.set(++asked, answered);
      line.send(`${EVENT}${answered ? asked : ""}${JSON.stringify([name, about])}`);
    },
    connect() { if (!line) dial(); return socket; },
    disconnect() { clearTimeout(again); hangUp("io client disconnect"); return socket; },
  };
  const tell = (name, ...said) => (heard.get(name) ?? []).forEach((listener) => listener(...said));

  function dial() {
    clearTimeout(again);
    const dialled = new WebSocket(new URL(ADDRESS, location.href.replace(/^http/, "ws")));
    line = dialled;
    dialled.addEventListener("message", ({ data }) => { if (line === dialled) hear(data); });
    dialled.addEventListener("close", () => { if (line === dialled) lost("transport close"); });
  }

  function hear(data) {
    const [, type, id, body] = /^(4?\d)(\d*)(.*)$/s.exec(data) ?? [];
    if (type === OPEN) { ({ pingInterval: patience, pingTimeout: deaf } = JSON.parse(data.slice(1))); listen(); line.send(CONNECT); }
    else if (type === PING) { line.send(PONG); listen(); tell("ping"); }
    else if (type === CONNECT) { socket.connected = true; pause = FIRST_PAUSE; tell("connect"); }
    else if (type === EVENT) tell(...JSON.parse(body));
    else if (type === ANSWER) { answers.get(Number(id))?.(...JSON.parse(body)); answers.delete(Number(id)); }
    else if (type === LEFT) hangUp("io server disconnect");
    else if (type === REFUSED) { hangUp("io server disconnect"); tell("connect_error"); }
    else if (type === CLOSE) lost("transport close");
  }

  // The server pings; if it stays away for longer than it said, the line is dead without knowing.
  let silence = 0;
  function listen() {
    clearTimeout(silence);
    silence = setTimeout(() => lost("ping timeout"), patience + deaf);
  }

  function hangUp(reason) {
    const left = line;
    line = null;
    clearTimeout(silence);
    answers.clear();
    left?.close();
    if (!socket.connected) return;
    socket.connected = false;
    tell("disconnect", reason);
  }

  function lost(reason) {
    const was = socket.connected;
    hangUp(reason);
    if (!was) tell("connect_error");
    again = setTimeout(dial, pause * (0.5 + Math.random()));
    pause = Math.min(2 * pause, LAST_PAUSE);
  }

  dial();
  return socket;
}
