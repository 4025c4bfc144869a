// Further rows come when their link is scrolled into sight; not for who walks through the list by Tab, and would never get out of it.
export default function bindMoreLink(place) {
  const seen = new IntersectionObserver(([{ isIntersecting }]) => {
    if (!isIntersecting || document.querySelector("#thread-list :focus-visible")) return;
    seen.disconnect();
    place.querySelector("a").click();
  });
  seen.observe(place);
}
