/* What tells of the end of a task: links to the tasks that do, and how they stand. */
(function (utm) {
  'use strict';

  const { el, attr, text } = utm.dom;

  /** Makes a fact of a task's detail; `read(task, signal)` asks the server for the deliveries of one that has ended. */
  utm.createDeliveries = function (id) {
    const root = el('span', { class: 'mono' });
    let found = [];

    async function read(task, signal) {
      if (!task.notify_url || utm.status.isActive(task)) return;
      const { data } = await utm.api.get(`/taskapi/tasks/?notifies=${id}&fields=id,status&ordering=created_at`, { signal });
      if (signal.aborted) return;
      found = data;
      set();
      root.closest('.fact').hidden = !found.length;
    }

    function set() {
      while (root.childElementCount > found.length) root.lastElementChild.remove();
      found.forEach(({ id: delivery, status }, index) => {
        const link = root.children[index] ?? root.appendChild(el('a', { class: 'fact__delivery' }));
        attr(link, 'href', utm.route.to('tasks', delivery));
        text(link, `#${delivery} ${status}`);
      });
      return found.length > 0;
    }

    return { el: root, read, set };
  };
})(window.utm = window.utm || {});
