// One look at a page: what of a platform's marks is to be seen, who is there, which captions are shown. With `find`,
// the first visible element of these marks instead.
({ platform, find }) => {
  const root = (platform.frame && document.querySelector(platform.frame)?.contentDocument) || document;

  const visible = (element) =>
    element.checkVisibility({ checkOpacity: false, checkVisibilityCSS: true }) && element.getClientRects().length > 0;
  const words = (element) => `${element.innerText ?? ""} ${element.getAttribute("aria-label") ?? ""}`;
  const fits = (element, mark) =>
    visible(element) && !element.disabled && (!mark.text || new RegExp(mark.text, "i").test(words(element)));
  const first = (mark) => [...root.querySelectorAll(mark.css)].find((element) => fits(element, mark)) ?? null;
  const any = (marks) => marks.some((mark) => first(mark) !== null);
  const textIn = (row, css) => ((css ? row.querySelector(css) : row)?.innerText ?? "").trim();

  if (find) return find.map(first).find((element) => element !== null) ?? null;

  // What is not numbered by the page is numbered by us, in the order in which it appears.
  const seen = (window.__seenCaptions ??= { numbers: new WeakMap(), next: 1 });
  const numberOf = (row) => {
    if (!seen.numbers.has(row)) seen.numbers.set(row, seen.next++);
    return seen.numbers.get(row);
  };

  const { people, captions } = platform;
  return {
    inside: any(platform.inside),
    waiting: any(platform.waiting),
    away: any(platform.away),
    ended: platform.ends.find(([, mark]) => first(mark) !== null)?.[0] ?? null,
    people: [...root.querySelectorAll(people.row)].map((row) => ({
      name: textIn(row, people.name),
      bot: Boolean((people.me && row.querySelector(people.me)) || (people.bot && row.querySelector(people.bot))),
    })),
    captions: [...root.querySelectorAll(captions.row)].map((row) => ({
      number: captions.number ? Number(row.getAttribute(captions.number)) : numberOf(row),
      at: captions.at ? Number(row.getAttribute(captions.at)) : 0,
      speaker: textIn(row, captions.speaker),
      text: textIn(row, captions.text),
    })),
  };
}
