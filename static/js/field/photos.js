// Makes a photo small and upright on the phone: JPEG, 2048 px at most, about 600 kB. Drawing it anew leaves out everything the camera wrote
// beside the picture, the place too. What cannot be decoded here is sent as it is. One at a time: a decoded photo takes 50 MB and more.
const LONG_SIDE = 2048, SMALLER = 1600, MOST_BYTES = 600 * 1024, MOST_ORIGINAL = 10 * 1024 * 1024;
const TRIES = [[LONG_SIDE, 0.82], [LONG_SIDE, 0.74], [LONG_SIDE, 0.66], [SMALLER, 0.74], [SMALLER, 0.6]];
let turn = Promise.resolve();

export class Unreadable extends Error {}

export function shrink(bytes, type) {
  const made = turn.then(() => shrinkNow(bytes, type));
  turn = made.catch(() => null);
  return made;
}

async function shrinkNow(bytes, type) {
  const source = new Blob([bytes], { type });
  let best = null;
  for (const [side, quality] of TRIES) {
    best = await draw(source, side, quality).catch(() => null);
    if (!best || best.size <= MOST_BYTES) break;
  }
  if (best && best.size < bytes.byteLength) return best.arrayBuffer();
  if (!best && bytes.byteLength > MOST_ORIGINAL) throw new Unreadable();
  if (!best && !type.startsWith("image/")) throw new Unreadable();
  return best ? best.arrayBuffer() : bytes;
}

async function draw(source, side, quality) {
  const whole = await createImageBitmap(source, { imageOrientation: "from-image" });
  const scale = Math.min(1, side / Math.max(whole.width, whole.height));
  const [width, height] = [Math.max(1, Math.round(whole.width * scale)), Math.max(1, Math.round(whole.height * scale))];
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d", { alpha: false });
  context.imageSmoothingQuality = "high";
  context.drawImage(whole, 0, 0, width, height);
  whole.close();
  const made = await new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", quality); });
  canvas.width = canvas.height = 0;
  if (made?.type !== "image/jpeg") throw new Unreadable();
  return made;
}
