import { Contents, ServerConnection } from '@jupyterlab/services';
import { ISignal, Signal } from '@lumino/signaling';

import { IPage, place, Refused, Server } from './request';

/** Name of the drive: its files are `GenLab:...`. */
const DRIVE = 'GenLab';

/** The app's document. It has no suffix, because its name is the title of its tab. */
export const APP = `${DRIVE}:GenLab`;

/** Returns the path of a run's notebook. */
export function notebookPath(run: string): string {
  return `${DRIVE}:runs/${run}.ipynb`;
}

/** Tells whether a path is a document of this drive. */
export function isOurs(path: string): boolean {
  return path.startsWith(`${DRIVE}:`);
}

/** What the app shows. */
export interface IStart {
  page: string;
  project?: string;
}

/**
 * The app and the notebooks of runs as documents that can be read, not written.
 *
 * They lie in the workspace, which is seldom below the folder that Jupyter serves: so JupyterLab can open them where
 * they are, and the user's folder gets no copies.
 */
export class GenlabDrive implements Contents.IDrive {
  constructor(private _server: Server) {}

  readonly name = DRIVE;

  /** Where the app begins when it is opened. */
  start: IStart = { page: 'train' };

  get serverSettings(): ServerConnection.ISettings {
    return this._server.settings;
  }

  get fileChanged(): ISignal<this, Contents.IChangedArgs> {
    return this._fileChanged;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  async get(localPath: string, options?: Contents.IFetchOptions): Promise<Contents.IModel> {
    if (localPath === '' || localPath === 'runs') {
      return model(localPath, 'directory', []);
    }
    const content = options?.content === false ? null : await this._notebook(localPath);
    return model(localPath, 'notebook', content);
  }

  getDownloadUrl(): Promise<string> {
    return this._refuse();
  }

  newUntitled(): Promise<Contents.IModel> {
    return this._refuse();
  }

  delete(): Promise<void> {
    return this._refuse();
  }

  rename(): Promise<Contents.IModel> {
    return this._refuse();
  }

  save(): Promise<Contents.IModel> {
    return this._refuse();
  }

  copy(): Promise<Contents.IModel> {
    return this._refuse();
  }

  createCheckpoint(): Promise<Contents.ICheckpointModel> {
    return this._refuse();
  }

  async listCheckpoints(): Promise<Contents.ICheckpointModel[]> {
    return [];
  }

  restoreCheckpoint(): Promise<void> {
    return this._refuse();
  }

  deleteCheckpoint(): Promise<void> {
    return this._refuse();
  }

  private async _notebook(localPath: string): Promise<object> {
    const run = /^runs\/(.+)\.ipynb$/.exec(localPath);
    const asked = run
      ? this._server.get<IPage>(place('runs', run[1], 'notebook'))
      : this._server.get<IPage>(place('pages', this.start.page), { query: { project: this.start.project } });
    return (await asked).notebook;
  }

  private _refuse(): Promise<never> {
    return Promise.reject(new Refused('This belongs to GenLab and cannot be changed here.'));
  }

  private _fileChanged = new Signal<this, Contents.IChangedArgs>(this);
  private _isDisposed = false;
}

/** JupyterLab wants a time of everything; of these documents it shows none. */
const NO_TIME = new Date(0).toISOString();

function model(path: string, type: Contents.ContentType, content: unknown): Contents.IModel {
  return {
    name: path.split('/').pop() ?? path,
    path,
    type,
    writable: false,
    created: NO_TIME,
    last_modified: NO_TIME,
    mimetype: '',
    content,
    format: content === null ? null : 'json',
  };
}
