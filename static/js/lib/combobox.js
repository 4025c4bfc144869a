// Makes a field with a list of options below (combobox): arrows choose, the field keeps the focus.
export function combobox(field, list) {
  let active = null;
  const options = () => [...list.querySelectorAll("[role=option]")].filter((option) => !option.hidden);

  function choose(option) {
    active?.setAttribute("aria-selected", "false");
    active = option ?? null;
    active?.setAttribute("aria-selected", "true");
    active?.scrollIntoView({ block: "nearest" });
    if (active) field.setAttribute("aria-activedescendant", active.id);
    else field.removeAttribute("aria-activedescendant");
  }

  // After the options changed: ids for all of them, and the first one (or none) chosen.
  function renew(first) {
    options().forEach((option, index) => { option.id = `${list.id}-${index}`; });
    choose(first ? options()[0] : null);
    return options().length;
  }

  function step(by) {
    const shown = options();
    if (!shown.length) return;
    const at = shown.indexOf(active);
    choose(shown.at(at < 0 ? (by > 0 ? 0 : -1) : (at + by) % shown.length));
  }

  return { choose, renew, step, active: () => active };
}

// Asks for a fragment of options; only the newest question is answered, null stands for one that was dropped or failed.
export function asker(address) {
  let asking = null;
  const drop = () => asking?.abort();
  const ask = async (typed) => {
    drop();
    asking = new AbortController();
    const url = `${address}?${new URLSearchParams({ q: typed })}`;
    try {
      const answer = await fetch(url, { credentials: "same-origin", signal: asking.signal });
      return answer.ok ? await answer.text() : null;
    } catch {
      return null;
    }
  };
  return { ask, drop };
}
