// Counts SMS parts and alphabet of a text; app/contract/sms_text.py says the same on the server, and a test holds the two together.
const BASIC = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
  "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà");
const EXTENSION = new Set("€[]{}\\^~|\f");
const SIZES = { "GSM-7": [160, 153], "UCS-2": [70, 67] };

// {characters, units, parts, encoding, left, misfits}: see SmsCount.
export function countSms(text) {
  const characters = [...text.replaceAll("\r\n", "\n")];
  const misfits = [...new Set(characters.filter((one) => !BASIC.has(one) && !EXTENSION.has(one)))];
  const encoding = misfits.length ? "UCS-2" : "GSM-7", [alone, inParts] = SIZES[encoding];
  const sizes = characters.map((one) => (encoding === "GSM-7" ? (EXTENSION.has(one) ? 2 : 1) : one.length));
  const units = sizes.reduce((sum, size) => sum + size, 0);
  const [parts, used] = units <= alone ? [1, units] : packed(sizes, inParts);
  const left = (parts === 1 ? alone : inParts) - used;
  return { characters: characters.length, units, parts: characters.length ? parts : 0, encoding, left, misfits };
}

// What counts double is never cut in two: it begins the next part.
function packed(sizes, room) {
  let parts = 1, used = 0;
  for (const size of sizes) {
    if (used + size > room) { parts += 1; used = 0; }
    used += size;
  }
  return [parts, used];
}
