import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

/** Where the server extension answers, below Jupyter's base address. */
const PREFIX = 'genlab-widgets/api/v1';

/** A request that was refused: what happened, why, and what to do next, as the server says it. */
export class Refused extends Error {
  constructor(
    readonly what: string,
    readonly why = '',
    readonly nextStep = '',
  ) {
    super([what, why, nextStep].filter(Boolean).join(' '));
  }
}

/** The server extension does not answer: it is not installed where Jupyter runs, or it is switched off. */
export class ServerMissing extends Refused {
  constructor() {
    super(
      'The server part of GenLab does not answer.',
      'JupyterLab has the GenLab extension, but its server has not.',
      'Install genlab-widgets where Jupyter runs, then: jupyter server extension enable genlab_widgets.server, and start Jupyter again.',
    );
  }
}

/** What is sent with a request. */
export interface IAsked {
  /** Parameters of the address; those without a value are left out. */
  query?: { [name: string]: string | number | undefined };
  /** The JSON object of a POST. */
  body?: object;
  /** Whether nobody asked for it, so that it does not keep an idle server alive. */
  inBackground?: boolean;
}

/** Asks the server extension. */
export class Server {
  constructor(readonly settings: ServerConnection.ISettings) {}

  get<T>(path: string, asked: IAsked = {}): Promise<T> {
    return this._ask<T>('GET', path, asked);
  }

  post<T>(path: string, body: object = {}): Promise<T> {
    return this._ask<T>('POST', path, { body });
  }

  private async _ask<T>(method: string, path: string, asked: IAsked): Promise<T> {
    const given = { ...asked.query, no_track_activity: asked.inBackground ? 1 : undefined };
    const query = Object.entries(given).filter(([, value]) => value !== undefined);
    const address =
      URLExt.join(this.settings.baseUrl, PREFIX, path) +
      (query.length ? URLExt.objectToQueryString(Object.fromEntries(query)) : '');
    const init = { method, body: asked.body ? JSON.stringify(asked.body) : undefined };
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(address, init, this.settings);
    } catch {
      throw new Refused(
        'Jupyter does not answer.',
        'The connection to its server is lost.',
        'Trainings go on; this page finds them again.',
      );
    }
    const told = await response.json().catch(() => null);
    if (response.ok && told !== null) {
      return told as T;
    }
    if (told?.error) {
      throw new Refused(told.error.what, told.error.why, told.error.next_step);
    }
    if (response.status === 404) {
      throw new ServerMissing();
    }
    throw new Refused(`The server answered with an error (${response.status}).`, response.statusText);
  }
}

/** Returns the parts of an address, each of them safe. */
export function place(...parts: string[]): string {
  return parts.map(encodeURIComponent).join('/');
}

/** A project, as a list shows it. */
export interface IProject {
  name: string;
  description: string;
  language: string;
  tasks: number;
}

/** A training, as a list shows it. */
export interface IRun {
  id: string;
  project: string;
  kind: string;
  status: string;
  ended: boolean;
  message: string;
  next_step: string;
  f1: number | null;
  model: string | null;
  progress: { fraction: number; seconds_left: number | null; message: string } | null;
}

/** The newest trainings, and how many there are in each state. */
export interface IRuns {
  runs: IRun[];
  counts: { [status: string]: number };
}

/** What an import brought. */
export interface IImported {
  project: IProject;
  warnings: string[];
  warning_count: number;
}

/** A page of the app: the notebook that shows it, and what makes a running one go there. */
export interface IPage {
  notebook: object;
  go_to: string;
}
