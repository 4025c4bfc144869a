// Takes the customer's signature on the screen: strokes as points between 0 and 1,000, "x,y x,y;x,y". The name in letters does as well.
export function bindGlass(glass) {
  const form = glass.closest("form"), field = form.querySelector("[data-strokes]"), context = glass.getContext("2d");
  let strokes = [], drawing = null;

  const point = (event) => {
    const place = glass.getBoundingClientRect(), to = (value) => Math.max(0, Math.min(1000, Math.round(value / place.width * 1000)));
    return [to(event.clientX - place.left), to(event.clientY - place.top)];
  };
  const write = () => {
    field.value = strokes.map((stroke) => stroke.map((one) => one.join(",")).join(" ")).join(";").slice(0, 19_900).replace(/[^;]*$/, (last) => strokes.length < 2 || last.includes(" ") ? last : "");
  };
  const paint = () => {
    context.clearRect(0, 0, glass.width, glass.height);
    Object.assign(context, { lineWidth: 4, lineCap: "round", lineJoin: "round", strokeStyle: getComputedStyle(glass).color });
    const unit = glass.width / 1000;
    for (const stroke of strokes) {
      context.beginPath();
      for (const [x, y] of stroke) context.lineTo(x * unit, y * unit);
      context.stroke();
    }
  };

  glass.addEventListener("pointerdown", (event) => {
    glass.setPointerCapture(event.pointerId);
    drawing = [point(event)];
    strokes.push(drawing);
  });
  glass.addEventListener("pointermove", (event) => {
    if (!drawing) return;
    drawing.push(point(event));
    paint();
  });
  for (const end of ["pointerup", "pointercancel"]) glass.addEventListener(end, () => { drawing = null; write(); });
  form.querySelector("[data-wipe-glass]").addEventListener("click", () => { strokes = []; paint(); write(); });
}
