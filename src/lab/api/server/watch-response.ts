import type { ServerResponse } from 'node:http';
import type { WatchSink } from './watch.ts';

/** Lines of a watch as the body of a response. Its headers go out with the first line, or with `flushHeaders`. */
export function watchSink(response: ServerResponse): WatchSink {
  response.statusCode = 200;
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Cache-Control', 'no-cache, private');
  return {
    write: (text) => response.write(text),
    onDrain: (action) => {
      response.once('drain', action);
    },
    end: () => {
      response.end();
    },
    destroy: () => {
      response.destroy();
    },
  };
}
