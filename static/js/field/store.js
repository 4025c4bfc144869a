// Stores actions, picture bytes and meta data on this phone (IndexedDB). Bytes are ArrayBuffers, never Blobs or Files, which come back
// empty in some browsers. A handle that died is dropped and opened anew; the database is never deleted.
const NAME = "switchyard-field", VERSION = 1, STORES = ["actions", "bytes", "meta"], PATIENCE_MS = 8000, TRIES = 3;
const CURABLE = new Set(["UnknownError", "InvalidStateError", "AbortError", "TimeoutError"]);
let opening = null;

function open() {
  opening ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, VERSION);
    asked.onupgradeneeded = () => {
      for (const name of STORES) if (!asked.result.objectStoreNames.contains(name)) asked.result.createObjectStore(name, { keyPath: "id" });
    };
    asked.onerror = () => reject(asked.error);
    asked.onblocked = () => reject(new DOMException("blocked", "TimeoutError"));
    asked.onsuccess = () => {
      asked.result.onversionchange = asked.result.onclose = () => drop();
      resolve(asked.result);
    };
  });
  return opening;
}

async function drop() {
  const was = opening;
  opening = null;
  (await was?.catch(() => null))?.close();
}

// Runs `work` with the stores by name; resolves with what it returned once the transaction is complete, and so on the disk.
export async function transact(mode, work) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once(await open(), mode, work);
    } catch (error) {
      if (attempt === TRIES || !CURABLE.has(error?.name)) throw error;
      await drop();
    }
  }
}

function once(database, mode, work) {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORES, mode, { durability: "strict" });
    const late = setTimeout(() => { reject(new DOMException("no answer", "TimeoutError")); }, PATIENCE_MS);
    const stores = Object.fromEntries(STORES.map((name) => [name, transaction.objectStore(name)]));
    let result;
    transaction.oncomplete = () => { clearTimeout(late); resolve(result); };
    transaction.onabort = transaction.onerror = () => { clearTimeout(late); reject(transaction.error ?? new DOMException("aborted", "AbortError")); };
    work(stores, (value) => { result = value; });
  });
}

export const all = (store) => transact("readonly", (stores, keep) => { stores[store].getAll().onsuccess = (event) => keep(event.target.result); });
export const get = (store, id) => transact("readonly", (stores, keep) => { stores[store].get(id).onsuccess = (event) => keep(event.target.result); });
export const put = (store, value) => transact("readwrite", (stores) => { stores[store].put(value); });
export const remove = (store, id) => transact("readwrite", (stores) => { stores[store].delete(id); });

export const canKeep = () => "indexedDB" in window && window.isSecureContext && "subtle" in (window.crypto ?? {});
