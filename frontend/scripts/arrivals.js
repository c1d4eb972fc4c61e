/* Tasks that arrive while the user is selecting or has scrolled: they wait, announced, so that nothing moves under the hand. */
(function (utm) {
  'use strict';

  const { el, text } = utm.dom;

  /** Makes the announcement. `take(tasks)` looks for new ones, `without(tasks)` answers the rest; a press shows them. */
  utm.createArrivals = function ({ isBusy, onRelease, announce }) {
    const waiting = new Set();
    const button = el('button', { type: 'button', class: 'arrivals', hidden: true, onclick: release });
    let known = null;
    let all = new Map();

    function take(tasks) {
      const hold = known !== null && isBusy();
      if (hold) tasks.forEach((task, id) => known.has(id) || waiting.add(id));
      waiting.forEach((id) => tasks.has(id) || waiting.delete(id));
      known = new Set(tasks.keys());
      all = tasks;
    }

    function* without(tasks) {
      for (const task of tasks.values()) if (!waiting.has(task.id)) yield task;
    }

    function say(filter) {
      const number = [...waiting].filter((id) => utm.filter.matches(all.get(id), filter)).length;
      const words = number ? `${utm.format.count(number, 'new task')}` : '';
      if (words && words !== button.textContent) announce(`${words}. They are shown when the selection is cleared.`);
      button.hidden = number === 0;
      text(button, words);
    }

    function release() {
      if (!waiting.size) return;
      waiting.clear();
      onRelease();
    }

    return { el: button, take, without, say, release };
  };
})(window.utm = window.utm || {});
