/* Server-sent events out of pieces of text (WHATWG HTML, 9.2.6). EventSource cannot send a token. */
(function (utm) {
  'use strict';

  /** Makes a parser: `feed(text)` takes the next piece, onEvent gets {event, id, data}; the id is null where none came. */
  utm.createEventParser = function (onEvent) {
    let rest = '';
    let message = fresh();

    function feed(piece) {
      const text = rest + piece;
      // A carriage return at the end may be half of a line end.
      const lines = text.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop();
      lines.forEach(take);
    }

    function take(line) {
      if (line === '') return dispatch();
      const [, name, value] = /^([^:]*)(?:: ?([\s\S]*))?$/.exec(line);
      if (name === 'data') message.data.push(value ?? '');
      else if (name === 'event') message.event = value ?? '';
      else if (name === 'id') message.id = value ?? '';
      return undefined;
    }

    function dispatch() {
      const { event, id, data } = message;
      message = fresh();
      if (data.length) onEvent({ event, id, data: data.join('\n') });
    }

    return { feed };
  };

  const fresh = () => ({ event: 'message', id: null, data: [] });
})(window.utm = window.utm || {});
