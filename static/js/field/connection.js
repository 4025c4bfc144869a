// Calls the office (fetch): only an answer of ours counts; a hotel's Wi-Fi page or silence means "unknown", never "sent".
import { deviceId, sealRest } from "./outbox.js";
import { takeKey } from "./seal.js";
import { put } from "./store.js";
import { userId } from "./words.js";

const JSON_MS = 15000, UPLOAD_MS = 60000;

export class Unknown extends Error {}          // nobody knows whether it arrived: send it again
export class Stopped extends Error {           // sending stops: signed_out | wipe | other_user
  constructor(why) { super(why); this.why = why; }
}

async function ask(url, options, limit) {
  const abort = new AbortController(), late = setTimeout(() => abort.abort(), limit);
  try {
    const answer = await fetch(url, { credentials: "same-origin", cache: "no-store", redirect: "manual", signal: abort.signal, ...options });
    const body = (answer.headers.get("Content-Type") ?? "").startsWith("application/json") ? await answer.json() : null;
    return { status: answer.status, body };
  } catch (error) {
    throw new Unknown(error.name);
  } finally {
    clearTimeout(late);
  }
}

// Proves network, person and clock in one; returns what the office says, {csrf, pack, pages?, assets?}.
export async function preflight(have = "", waiting = null) {
  const device = await deviceId(), began = Date.now();
  const headers = { Accept: "application/json", "X-Field-Device": device, ...(waiting ? { "X-Field-Waiting": waiting } : {}) };
  const { status, body } = await ask(`/field/pack${have ? `?have=${have}` : ""}`, { headers }, JSON_MS);
  if (status === 401) throw new Stopped(body?.code === "wipe" ? "wipe" : "signed_out");
  if (status !== 200 || !body?.user_id) throw new Unknown(String(status));
  if (body.user_id !== userId()) throw new Stopped("other_user");
  const ended = Date.now();
  if (await takeKey(body.key)) await sealRest();
  await put("meta", { id: "clock", offset_ms: Math.round(Date.parse(body.server_time) - (began + ended) / 2), at: ended }).catch(() => null);
  delete body.key;
  return body;
}

export async function post(url, said, csrf) {
  const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrf };
  const { status, body } = await ask(url, { method: "POST", headers, body: JSON.stringify(said) }, JSON_MS);
  if (status === 401) throw new Stopped("signed_out");
  if (status === 409 && body?.code === "other_user") throw new Stopped("other_user");
  if (status !== 200 || !body) throw new Unknown(String(status));
  return body;
}

const PIECE = 128 * 1024;

// Sends a file; what is larger than a piece goes in pieces, and after a cut only what the office does not have. `told` hears how far it is.
// Returns why it can never be sent, or null. A new Blob each time: one that came out of a store may be empty.
export async function upload(id, bytes, csrf, { isAgain = false, told = () => null } = {}) {
  const url = `/field/uploads/${id}`, size = bytes.byteLength;
  const digest = `sha-256=:${btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))))}:`;
  const usual = { "X-CSRFToken": csrf, "X-Field-User": userId() };
  if (size <= PIECE) return ended(id, await ask(url, { method: "PUT", headers: { ...usual, "Content-Type": "application/octet-stream", "Content-Digest": digest }, body: new Blob([bytes]) }, UPLOAD_MS));
  let offset = isAgain ? await reached(url) : 0;
  for (let turn = 0; turn < 2 * Math.ceil(size / PIECE) + 8; turn += 1) {
    const headers = { ...usual, "Content-Type": "application/offset+octet-stream", "Upload-Offset": offset, "Upload-Length": size, "Repr-Digest": digest };
    const answer = await ask(url, { method: "PATCH", headers, body: new Blob([bytes.slice(offset, offset + PIECE)]) }, UPLOAD_MS);
    const { status, body } = answer;
    if (!Number.isInteger(body?.offset) || body.sha256 || (status !== 200 && body.code !== "wrong_offset")) return ended(id, answer);
    offset = body.offset;
    await told(offset);
  }
  throw new Unknown("pieces");
}

async function reached(url) {
  const { status, body } = await ask(url, { headers: { Accept: "application/json" } }, JSON_MS);
  if (status === 401) throw new Stopped("signed_out");
  if (status !== 200 || !Number.isInteger(body?.offset)) throw new Unknown(String(status));
  return body.offset;
}

function ended(id, { status, body }) {
  if (status === 401) throw new Stopped("signed_out");
  if (status === 409 && body?.code === "other_user") throw new Stopped("other_user");
  if (status === 200 && body?.id === id && body.sha256) return null;
  if (body && (status === 413 || (status === 409 && body.code === "changed"))) return body.problem;
  throw new Unknown(String(status));
}
