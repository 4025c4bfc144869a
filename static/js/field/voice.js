// Records a voice note in the browser, or takes a sound that the phone's own recorder made. Pieces are written down every few seconds, so
// that an app that dies loses no more than that. And dictating into a note, where the brand lets the browser's maker hear it.
import { openBytes, sealBytes } from "./seal.js";
import { get, put, remove } from "./store.js";
import { userId, word } from "./words.js";

const KINDS = ["audio/mp4;codecs=mp4a.40.2", "audio/webm;codecs=opus", "audio/ogg;codecs=opus"], PIECE_MS = 5000, MOST_S = 300, MOST_BYTES = 10 * 1024 * 1024;
const OTHERS = { "audio/m4a": "audio/mp4", "audio/x-m4a": "audio/mp4", "video/mp4": "audio/mp4", "video/webm": "audio/webm", "audio/x-wav": "audio/wav", "audio/mp3": "audio/mpeg" };

export const recordable = () => "MediaRecorder" in window && navigator.mediaDevices?.getUserMedia && KINDS.find((kind) => MediaRecorder.isTypeSupported(kind));

export function bindVoice(form, keepForm, say) {
  const button = form.querySelector("[data-record]"), file = form.querySelector("[data-sound]"), words = form.querySelector("[data-record-words]");
  file.addEventListener("change", () => chosen(form, file, keepForm, say));
  const kind = recordable();
  if (!kind) return;
  button.hidden = false;
  form.querySelector("[data-sound-file]").hidden = true;
  let running = null;
  button.addEventListener("click", async () => {
    if (running) return running.stop();
    try {
      running = await record(form, kind, (seconds) => { words.textContent = word("recording", { SECONDS: seconds }); });
    } catch {
      form.querySelector("[data-sound-file]").hidden = false;
      return say(word("no_microphone"));
    }
    running.onstop = async () => {
      running = null;
      words.textContent = word("record");
      await keepRecording(keepForm, form).catch(() => say(word("cannot_keep")));
    };
    return undefined;
  });
}

async function record(form, mimeType, show) {
  const sound = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
  const recorder = new MediaRecorder(sound, { mimeType, audioBitsPerSecond: 32000 }), began = Date.now();
  const kept = { id: "recording", user_id: userId(), visit_id: form.dataset.visit, sound: mimeType, pieces: [], began };
  let writing = Promise.resolve();
  recorder.ondataavailable = (event) => {
    writing = writing.then(async () => { kept.pieces.push(await sealBytes("recording", await event.data.arrayBuffer())); kept.ended = Date.now(); await put("meta", kept); });
  };
  const clock = setInterval(() => {
    const seconds = Math.round((Date.now() - began) / 1000);
    show(seconds);
    if (seconds >= MOST_S) recorder.stop();
  }, 1000);
  show(0);
  const run = { stop: () => recorder.stop(), onstop: null };
  recorder.onstop = async () => {
    clearInterval(clock);
    for (const track of sound.getTracks()) track.stop();
    await writing.catch(() => null);
    await run.onstop?.();
  };
  recorder.start(PIECE_MS);
  return run;
}

// What was recorded becomes a voice note; of an app that died meanwhile as well, when it is opened again.
export async function keepRecording(keepForm, form = null) {
  const kept = await get("meta", "recording");
  if (!kept || kept.user_id !== userId()) return;
  const pieces = await Promise.all(kept.pieces.map((piece) => openBytes("recording", piece)));
  if (pieces.includes(null)) return;  // its owner has to sign in first
  const bytes = await new Blob(pieces).arrayBuffer(), seconds = Math.round(((kept.ended ?? kept.began) - kept.began) / 1000);
  if (bytes.byteLength) await keepForm(form, { body: { sound: kept.sound, seconds: String(seconds) }, with: { bytes, kind: "voice", visit_id: kept.visit_id, who: form?.dataset.who ?? "" } });
  await remove("meta", "recording");
}

async function chosen(form, input, keepForm, say) {
  const [file] = input.files;
  if (!file) return;
  try {
    const bytes = await file.arrayBuffer();
    if (!bytes.byteLength || bytes.byteLength > MOST_BYTES) say(word("unreadable"));
    else await keepForm(form, { body: { sound: OTHERS[file.type] ?? file.type, seconds: "0" }, with: { bytes } });
  } catch {
    say(word("cannot_keep"));
  }
  input.value = "";
}

// Some browsers have the recogniser in name alone: where nothing begins within two seconds, the button goes.
export function bindDictation(button) {
  const Recogniser = window.SpeechRecognition ?? window.webkitSpeechRecognition;
  if (!Recogniser) return;
  const field = button.closest("form").elements.text, label = button.lastChild.textContent;
  button.hidden = false;
  button.addEventListener("click", () => {
    const listening = new Recogniser();
    listening.lang = document.documentElement.lang;
    const deaf = setTimeout(() => { listening.abort(); button.hidden = true; field.focus(); }, 2000);
    listening.onaudiostart = () => { clearTimeout(deaf); button.lastChild.textContent = word("listening"); };
    listening.onresult = (event) => {
      const said = [...event.results].map(([best]) => best.transcript).join(" ").trim();
      field.value = [field.value.trim(), said].filter(Boolean).join(" ");
    };
    listening.onerror = listening.onend = () => { clearTimeout(deaf); button.lastChild.textContent = label; field.focus(); };
    try { listening.start(); } catch { button.hidden = true; }
  });
}
