// Reduces the HTML of an editor or clipboard to the few tags a formatted mail may have. Everything else loses its tag and keeps its words;
// what runs, loads or belongs to a form loses both. The server cleans again: this is what the writer sees meanwhile.
const INLINE = { B: "strong", STRONG: "strong", I: "em", EM: "em", CODE: "code", TT: "code", KBD: "code", SAMP: "code" };
const BLOCKS = "P, DIV, UL, OL, LI, BLOCKQUOTE, PRE, H1, H2, H3, H4, H5, H6, TABLE, TR, SECTION, ARTICLE, HEADER, FOOTER, MAIN, DL, DT, DD, HR, ADDRESS, CENTER";
const DROPPED = "script, style, title, template, noscript, iframe, object, embed, svg, math, head, select, textarea, button, video, audio";
const LINK = /^(?:https?:\/\/[^/?#]|mailto:[^/?#]|tel:[+\d])/i;
// Browsers type a hard space where a soft one would not show yet, and leave it there.
const LONE = /(?<=[^\s\u00a0>]|<\/(?:strong|em|a|code)>)\u00a0(?=[^\s\u00a0<]|<(?:strong|em|a|code|img)\b)/g;
const FILE = /^cid:([0-9a-f-]{36})@inline$/;

// `picture(id)`: the src of a picture of this message, null for one it does not have.
export function cleanHtml(nodes, picture) {
  return flow(nodes, { picture }).replace(LONE, " ").replaceAll("</blockquote><blockquote>", "").replace(/<br>(?=<[uo]l>)/g, "");
}

// Styles and handlers are not for a page of ours, not even for one that is only read: they stand aside. Styles say what they meant.
export function clipboardHtml(html) {
  return html.replace(/<[a-z][^>]*>/gi, (tag) => tag.replace(/([\s"'/])(style|on[a-z]+)\s*=/gi, "$1data-$2="));
}

export const sourceForMail = (id) => `cid:${id}@inline`;

// An address a link may have; a bare host or mail address gets its scheme. null for anything else.
export function linkAddress(text) {
  const address = text.replace(/[\x00-\x20\x7f]+/g, "");
  if (LINK.test(address)) return address;
  if (/^[^@/:]+@[^@/:]+\.[^@/:]+$/.test(address)) return `mailto:${address}`;
  return /^[\w-]+(\.[\w-]+)+([/?#:].*)?$/.test(address) ? `https://${address}` : null;
}

// Plain text as paragraphs.
export function textToHtml(text) {
  const parts = text.replace(/\r\n?/g, "\n").split(/\n{2,}/).filter((part) => part.trim());
  return parts.map((part) => `<p>${escaped(part).replace(/^\n|\n$/g, "").replaceAll("\n", "<br>")}</p>`).join("");
}

export const escaped = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

const isElement = (node) => node.nodeType === Node.ELEMENT_NODE;
const holdsBlock = (element) => element.matches(BLOCKS) || element.querySelector(BLOCKS) !== null;

function flow(nodes, how) {
  let html = "", run = "";
  const flush = () => { html += paragraph(run, how.tight); run = ""; };
  for (const node of nodes) {
    if (isElement(node) && !node.matches(DROPPED) && holdsBlock(node)) { flush(); html += block(node, how); } else run += inline(node, how);
  }
  flush();
  return how.tight ? html.replace(/^(<br>)+|(<br>)+$/g, "") : html;
}

// The last line break of a paragraph only holds its line open. Inside a list item (`tight`) paragraphs are lines.
function paragraph(run, tight) {
  const trimmed = run.replace(/^[ \n]+|[ \n]+$/g, "").replace(/(?<=.)[ \u00a0]+$/, ""), words = trimmed === "<br>" ? trimmed : trimmed.replace(/<br>$/, "");
  if (!words) return "";
  return tight ? `${words}<br>` : `<p>${words}</p>`;
}

function block(element, how) {
  const inside = element.childNodes, nested = { ...how, tight: false };
  switch (element.tagName) {
    case "UL": case "OL": return list(element, how);
    case "BLOCKQUOTE": return wrapped("blockquote", flow(inside, nested));
    case "PRE": return wrapped("pre", escaped(element.textContent));
    case "HR": return "";
    case "TR": return element.querySelector(BLOCKS) ? flow(inside, how) : paragraph([...inside].map((cell) => inline(cell, how)).join(" "), how.tight);
    case "H1": case "H2": case "H3": case "H4": case "H5": case "H6": return paragraph(wrapped("strong", inlines(element, how)), how.tight);
    default: return flow(inside, how);
  }
}

function list(element, how) {
  const tag = element.tagName.toLowerCase(), nested = { ...how, tight: true };
  const items = [...element.children].map((child) => {
    if (child.matches("ul, ol")) return list(child, how);
    const words = flow(child.matches("li") ? child.childNodes : [child], nested);
    return words ? `<li>${words}</li>` : "";
  });
  return wrapped(tag, items.join(""));
}

const inlines = (element, how) => [...element.childNodes].map((node) => inline(node, how)).join("");
const wrapped = (tag, html) => (html.trim() ? `<${tag}>${html}</${tag}>` : html);

function inline(node, how) {
  if (node.nodeType === Node.TEXT_NODE) return escaped(node.data.replace(/[ \t\n\r\f]+/g, " "));
  if (!isElement(node) || node.matches(DROPPED)) return "";
  if (node.tagName === "BR") return "<br>";
  if (node.tagName === "IMG") return image(node, how);
  const html = inlines(node, how);
  if (node.tagName === "A") return LINK.test(node.getAttribute("href") ?? "") && html ? `<a href="${escaped(linkAddress(node.getAttribute("href")))}">${html}</a>` : html;
  return INLINE[node.tagName] && !isPlain(node) ? wrapped(INLINE[node.tagName], html) : styled(node, html);
}

// Some programs wrap everything in a <b> that is not bold, and say what is bold by style.
const isPlain = (element) => /font-weight:\s*(?:normal|400)/i.test(element.dataset.style ?? "");

function styled({ dataset: { style = "" } }, html) {
  const strong = /font-weight:\s*(?:bold|[6-9]00)/i.test(style) ? wrapped("strong", html) : html;
  return /font-style:\s*italic/i.test(style) ? wrapped("em", strong) : strong;
}

function image(element, { picture }) {
  const id = element.dataset.file ?? FILE.exec(element.getAttribute("src") ?? "")?.[1], source = id && picture(id);
  return source ? `<img src="${escaped(source)}" alt="${escaped(element.getAttribute("alt") ?? "")}" data-file="${escaped(id)}">` : "";
}
