/* The few helpers with which the components build and update their elements. */
(function (utm) {
  'use strict';

  const SVG = 'http://www.w3.org/2000/svg';

  /**
   * Makes an element. Properties that start with "on" are listeners, `dataset` is copied, the rest are attributes
   * (null and false are left out). Strings among the children become text, never markup.
   */
  function el(tag, props = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(props)) setProp(node, name, value);
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }

  function setProp(node, name, value) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'dataset') Object.assign(node.dataset, value);
    else attr(node, name, value);
  }

  /** Sets an attribute if it is not so already; null and false remove it. */
  function attr(node, name, value) {
    if (value === null || value === undefined || value === false) node.removeAttribute(name);
    else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value === true ? '' : value);
  }

  /** Sets the text of an element if it differs, so that a selection in unchanged text survives a refresh. */
  function text(node, value) {
    const wanted = String(value ?? '');
    if (node.textContent !== wanted) node.textContent = wanted;
  }

  /** Makes one of the icons of index.html; decorative, the text beside it says the same. */
  function icon(name) {
    const svg = document.createElementNS(SVG, 'svg');
    svg.setAttribute('class', 'icon');
    svg.setAttribute('aria-hidden', 'true');
    const use = document.createElementNS(SVG, 'use');
    use.setAttribute('href', `#icon-${name}`);
    svg.append(use);
    return svg;
  }

  /** Points an icon made by `icon` at another symbol. */
  function setIcon(svg, name) {
    attr(svg.firstChild, 'href', `#icon-${name}`);
  }

  /** Tells the ancestors of a node that something is wanted or has happened. */
  function emit(node, type, detail) {
    node.dispatchEvent(new CustomEvent(type, { bubbles: true, detail }));
  }

  utm.dom = { el, attr, text, icon, setIcon, emit };
})(window.utm = window.utm || {});
