/* The title of the window: the open task, and how many are active. */
(function (utm) {
  'use strict';

  const NAME = 'UNIX Task Manager';

  /** Keeps the title; `setOpen(id)` says which task is open. */
  utm.createTitle = function (tasks) {
    let active = 0;
    let open = null;

    function show() {
      const parts = [open === null ? null : `Task ${open}`, active ? `${utm.format.number(active)} active` : null, NAME];
      document.title = parts.filter(Boolean).join(' · ');
    }

    const end = tasks.onChange(({ tasks: all }) => {
      active = [...all.values()].filter(utm.status.isActive).length;
      show();
    });

    return {
      setOpen(id) {
        open = id;
        show();
      },
      unmount() {
        end();
        document.title = NAME;
      },
    };
  };
})(window.utm = window.utm || {});
