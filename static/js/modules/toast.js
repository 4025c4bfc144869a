// Removes a toast after eight seconds (or data-stay-seconds), unless somebody looks at it.
const STAY_SECONDS = 8;

export default function bindToast(toast) {
  const seconds = Number(toast.dataset.staySeconds) || STAY_SECONDS;
  let timer = 0;
  const wait = () => { clearTimeout(timer); timer = setTimeout(() => toast.remove(), seconds * 1000); };
  const stay = () => clearTimeout(timer);
  for (const name of ["pointerenter", "focusin"]) toast.addEventListener(name, stay);
  for (const name of ["pointerleave", "focusout"]) toast.addEventListener(name, wait);
  wait();
}
