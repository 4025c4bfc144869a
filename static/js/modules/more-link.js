// Loads further rows when their link is scrolled into sight.
export default function bindMoreLink(place) {
  const seen = new IntersectionObserver(([{ isIntersecting }]) => {
    if (!isIntersecting || document.querySelector("#thread-list :focus-visible")) return;
    seen.disconnect();
    place.querySelector("a").click();
  });
  seen.observe(place);
}
