// Reads where and when a photo was taken (EXIF), before the photo is redrawn without it.
const HEAD = 256 * 1024, GPS = 0x8825;

// {lat, lon} in degrees as text with three decimals; null where the camera wrote none.
export function placeOf(buffer) {
  try {
    const view = new DataView(buffer, 0, Math.min(buffer.byteLength, HEAD));
    const start = view.getUint16(0) === 0xffd8 && exifStart(view);
    return start ? readPlace(view, start) : null;
  } catch {
    return null;  // cut short, or nothing we know
  }
}

function exifStart(view) {
  for (let at = 2; at < view.byteLength - 10;) {
    const marker = view.getUint16(at), length = view.getUint16(at + 2);
    if (marker === 0xffe1 && view.getUint32(at + 4) === 0x45786966) return at + 10;
    if ((marker & 0xff00) !== 0xff00 || marker === 0xffda) return 0;
    at += 2 + length;
  }
  return 0;
}

function readPlace(view, start) {
  const little = view.getUint16(start) === 0x4949;
  const entries = (offset) => {
    const found = new Map(), count = view.getUint16(start + offset, little);
    for (let number = 0; number < count; number += 1) {
      const at = start + offset + 2 + number * 12;
      found.set(view.getUint16(at, little), at + 8);
    }
    return found;
  };
  const gps = entries(view.getUint32(start + 4, little)).get(GPS);
  if (!gps) return null;
  const found = entries(view.getUint32(gps, little));
  if (![1, 2, 3, 4].every((tag) => found.has(tag))) return null;
  const degrees = (tag) => {
    const at = start + view.getUint32(found.get(tag), little);
    const part = (number) => view.getUint32(at + number * 8, little) / view.getUint32(at + number * 8 + 4, little);
    return part(0) + part(1) / 60 + part(2) / 3600;
  };
  const is = (tag, letter) => String.fromCharCode(view.getUint8(found.get(tag))) === letter;
  const lat = degrees(2) * (is(1, "S") ? -1 : 1), lon = degrees(4) * (is(3, "W") ? -1 : 1);
  return Number.isFinite(lat) && Number.isFinite(lon) ? { lat: lat.toFixed(3), lon: lon.toFixed(3) } : null;
}
