// Ticks "call back" in the form of a call when nobody answered. The outcome may have been chosen before this ran.
const UNANSWERED = ["no_answer", "voicemail"];

export default function bindCallFields(fields) {
  const outcome = fields.querySelector("[name=call_outcome]"), tick = fields.closest("form")?.querySelector("[data-callback]");
  if (!outcome || !tick) return;
  const offered = [...outcome.options].find((option) => option.defaultSelected)?.value;
  let set = tick.checked !== tick.defaultChecked;
  const follow = () => { if (!set) tick.checked = UNANSWERED.includes(outcome.value); };
  tick.addEventListener("change", () => { set = true; });
  outcome.addEventListener("change", follow);
  if (outcome.value !== offered) follow();
}
