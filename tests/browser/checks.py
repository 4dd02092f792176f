"""Expressions for a browser, whose values list the faults of a page."""

# Pictures and controls that a screen reader cannot name.
NAMELESS = """
(() => {
    const name = each => [
        each.getAttribute("aria-label"), each.getAttribute("alt"), each.getAttribute("title"),
        each.getAttribute("aria-labelledby"), each.labels?.[0]?.textContent,
        each.querySelector("title")?.textContent, each.textContent,
    ].find(text => text?.trim());
    const names = each => each && (name(each) || names(each.parentElement.closest(CONTROL)));
    const CONTROL = "a, button, label, svg";
    return [...document.querySelectorAll("svg, img, button, input, a, select, label")].filter(
        each => each.getClientRects().length && !each.closest("[aria-hidden=true]")
            && !name(each) && !(each.matches("svg") && names(each.parentElement.closest(CONTROL)))
    ).map(each => each.outerHTML.slice(0, 120));
})()
"""
# Whether the page's ground is dark.
DARK = """
(() => {
    const ground = getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).map(Number);
    return (ground[3] ?? 1) > 0 && ground[0] + ground[1] + ground[2] < 300;
})()
"""
# Text whose colour is nearer to its ground than 4.5 to 1. What is translucent counts as what it
# looks like, and text that is not shown needs no contrast.
FAINT = """
(() => {
    const parts = text => {
        const [r, g, b, alpha = 1] = text.match(/[\\d.]+/g).map(Number);
        return [r, g, b, alpha];
    };
    const over = (top, bottom, opacity = 1) => top.slice(0, 3).map(
        (value, at) => value * top[3] * opacity + bottom[at] * (1 - top[3] * opacity));
    const part = value => (value /= 255) <= 0.03928 ? value / 12.92
        : ((value + 0.055) / 1.055) ** 2.4;
    const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
    const above = each => each ? [...above(each.parentElement), each] : [];
    const faint = [];
    for (const each of document.querySelectorAll("body *")) {
        const own = [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim());
        if (!own || each.closest("svg") || !each.getClientRects().length) continue;
        const styles = above(each).map(one => getComputedStyle(one));
        const opacity = styles.reduce((all, style) => all * Number(style.opacity), 1);
        const style = styles.at(-1);
        if (opacity === 0 || style.visibility === "hidden") continue;
        const ground = styles.reduce(
            (below, one) => over(parts(one.backgroundColor), below), [255, 255, 255]);
        const [a, b] = [light(over(parts(style.color), ground, opacity)), light(ground)];
        if ((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5)
            faint.push(each.tagName + " " + each.className + ": " + each.textContent.slice(0, 40));
    }
    return faint;
})()
"""
