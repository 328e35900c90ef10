/** Puts the English words in place, for what is tested in sentences. */

import { useCatalogue } from '../../../app/web/client/words.js';
import { words } from '../../../app/web/words/en.js';

useCatalogue('en', words);
