// Goes away by itself after eight seconds, or as many as data-stay-seconds says, unless somebody looks at it or has the focus in it.
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
