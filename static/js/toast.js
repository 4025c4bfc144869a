// A toast leaves after 8 seconds, later if somebody points at it.
export default function toast(element) {
  const leave = () => { if (element.matches(":hover, :focus-within")) setTimeout(leave, 2000); else element.remove(); };
  setTimeout(leave, 8000);
}

export function say(text) {
  const element = document.createElement("div");
  element.className = "toast";
  element.textContent = text;
  document.getElementById("toasts")?.append(element);
  toast(element);
}
