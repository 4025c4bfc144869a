// Resizes a photo on the phone: upright JPEG, 2048 px at most, about 600 kB. Drawing it anew leaves out everything the camera wrote beside
// the picture, the place too. What cannot be decoded here is sent as it is. One at a time: a decoded photo takes 50 MB and more.
const LONG_SIDE = 2048, SMALLER = 1600, MOST_BYTES = 600 * 1024, MOST_ORIGINAL = 10 * 1024 * 1024;
const QUALITIES = [0.82, 0.74, 0.66, 0.55], MUCH = 1.35;
let turn = Promise.resolve();

export class Unreadable extends Error {}

export function shrink(bytes, type) {
  const made = turn.then(() => shrinkNow(bytes, type));
  turn = made.catch(() => null);
  return made;
}

async function shrinkNow(bytes, type) {
  const made = await drawn(new Blob([bytes], { type })).catch(() => null), best = made && await encoded(made).catch(() => null);
  if (best && best.size < bytes.byteLength) return best.arrayBuffer();
  if (!best && (bytes.byteLength > MOST_ORIGINAL || !type.startsWith("image/"))) throw new Unreadable();
  return best ? best.arrayBuffer() : bytes;
}

// Decoded once, which takes longer than everything else.
async function drawn(source) {
  const whole = await createImageBitmap(source, { imageOrientation: "from-image" });
  const canvas = onCanvas(whole, whole.width, whole.height, LONG_SIDE);
  whole.close();
  return canvas;
}

function onCanvas(picture, across, down, side) {
  const scale = Math.min(1, side / Math.max(across, down)), canvas = document.createElement("canvas");
  const [width, height] = [across, down].map((length) => Math.max(1, Math.round(length * scale)));
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d", { alpha: false });
  context.imageSmoothingQuality = "medium";
  context.drawImage(picture, 0, 0, width, height);
  return canvas;
}

// Far too large at one quality, the next one is passed over; too large at each, the picture gets smaller.
async function encoded(canvas) {
  let best = null;
  for (let at = 0; at < QUALITIES.length; at += best.size > MOST_BYTES * MUCH ? 2 : 1) {
    best = await jpeg(canvas, QUALITIES[at]);
    if (best.size <= MOST_BYTES) break;
  }
  if (best.size > MOST_BYTES && Math.max(canvas.width, canvas.height) > SMALLER) {
    const smaller = onCanvas(canvas, canvas.width, canvas.height, SMALLER);
    best = await jpeg(smaller, QUALITIES.at(-2));
    smaller.width = smaller.height = 0;
  }
  canvas.width = canvas.height = 0;
  return best;
}

async function jpeg(canvas, quality) {
  const made = await new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", quality); });
  if (made?.type !== "image/jpeg") throw new Unreadable();
  return made;
}
