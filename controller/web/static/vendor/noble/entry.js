import * as ed from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha512';
import { sha256 } from '@noble/hashes/sha256';
ed.etc.sha512Sync = (...m) => sha512(ed.etc.concatBytes(...m));
export const verify = (signature, message, key) => { try { return ed.verify(signature, message, key, { zip215: false }); } catch (e) { return false; } };
export { sha256 };
