// What a page looks like, measured in the browser: a list of what is wrong with it, and what the test compares.
(() => {
  const wrong = [];
  const width = document.documentElement.clientWidth;
  const name = (element) => {
    const text = (element.textContent || "").trim().replace(/\s+/g, " ").slice(0, 40);
    return `<${element.tagName.toLowerCase()} class="${element.getAttribute("class") || ""}"> "${text}"`;
  };
  const isShown = (element) => element.checkVisibility({ contentVisibilityAuto: true, visibilityProperty: true });
  const area = (element) => element.getBoundingClientRect();
  const luminance = (colour) => {
    const parts = colour.match(/[\d.]+/g).slice(0, 3).map((part) => part / 255);
    const [r, g, b] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  // WCAG 2.2, 1.4.3.
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const isClear = (colour) => colour === "transparent" || /,\s*0\)$/.test(colour);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!isClear(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const hasText = (element) =>
    [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.nodeValue.trim());

  if (document.documentElement.scrollWidth > width) wrong.push(`the page is ${document.documentElement.scrollWidth} wide`);
  let smallest = Infinity;
  const all = document.querySelectorAll("body *, svg *");
  for (const element of all) {
    if (!isShown(element) || element.closest("defs, title, style")) continue;
    const { left, right, width: wide } = area(element);
    if (wide > 0 && (right > width + 0.5 || left < -0.5)) wrong.push(`out of the window: ${name(element)} from ${left} to ${right}`);
    if (!hasText(element) || element.tagName === "STYLE" || element.tagName === "title") continue;
    const look = getComputedStyle(element);
    const drawing = element.closest("svg");
    let size = parseFloat(look.fontSize);
    if (drawing) {
      size *= area(drawing).width / drawing.viewBox.baseVal.width;
    } else {
      const ratio = contrast(look.color, behind(element));
      if (ratio < 4.5) wrong.push(`contrast of ${ratio.toFixed(1)}: ${name(element)}`);
    }
    smallest = Math.min(smallest, size);
    if (size < 11) wrong.push(`text of ${size.toFixed(1)} pixels: ${name(element)}`);
  }

  const nodes = [...document.querySelectorAll("g.n")].filter(isShown);
  const boxes = nodes.map((node) => [node, area(node)]);
  for (const [n, [one, a]] of boxes.entries()) {
    for (const [other, b] of boxes.slice(n + 1)) {
      if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom) {
        wrong.push(`objects overlap: ${name(one)} and ${name(other)}`);
      }
    }
    const box = area(one.querySelector("rect.b"));
    for (const text of one.querySelectorAll("text:not(.u)")) {
      const inner = area(text);
      if (inner.left < box.left || inner.right > box.right || inner.top < box.top || inner.bottom > box.bottom) {
        wrong.push(`out of its box: "${text.textContent}" of ${name(one)}`);
      }
    }
  }
  for (const [kind, background] of [[".m", ".b"], [".k", ".b"], [".r", ".b"], [".y", ".b"], [".g", ".s"], [".u", ".p"]]) {
    for (const node of nodes) {
      const [text, under] = [node.querySelector(kind), node.querySelector(background)];
      if (!text || !under) continue;
      const ratio = contrast(getComputedStyle(text).fill, getComputedStyle(under).fill);
      if (ratio < 4.5) wrong.push(`contrast of ${ratio.toFixed(1)}: "${text.textContent}" of ${name(node)}`);
    }
  }

  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of ids.filter((id, n) => ids.indexOf(id) !== n)) wrong.push(`two elements have the id ${id}`);
  for (const link of document.querySelectorAll("a[href]")) {
    const target = link.getAttribute("href");
    if (!target.startsWith("#") || !document.getElementById(target.slice(1))) wrong.push(`leads nowhere: ${target}`);
  }

  return {
    wrong,
    smallest,
    nodes: nodes.length,
    drawings: [...document.querySelectorAll("svg")].filter(isShown).length,
    text: document.body ? document.body.innerText : document.documentElement.textContent,
    paper: document.body ? luminance(behind(document.body)) : null,
    breaks: [...document.querySelectorAll("#change_request")].map((part) => getComputedStyle(part).breakBefore),
    unfolded: [...document.querySelectorAll("details:not([open]) > :not(summary)")].map(isShown),
  };
})()
