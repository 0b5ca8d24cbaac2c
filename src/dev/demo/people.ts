import { TENANT_IDS, type Tenant } from './organizations.js';

export type Race = 'white' | 'black' | 'asian' | 'native' | 'pacific';

/** A patient as the author of the demo knows them. All names are invented. */
export interface Person {
  readonly id: string;
  /** Counts from 0. */
  readonly index: number;
  /** Where there are cases of this patient, in the order of TENANT_IDS. */
  readonly tenants: readonly Tenant[];
  readonly given: string;
  readonly family: string;
  readonly gender: 'female' | 'male' | 'other' | 'unknown';
  /** Left out where nobody knows: then `age` is the estimate of the crew, in years. */
  readonly born?: string | undefined;
  readonly age?: number;
  readonly races: readonly Race[];
  readonly traits: Traits;
}

interface Traits {
  /** Brought in without papers and not able to speak. */
  readonly nameless?: boolean;
  readonly suffix?: string;
  readonly formerFamily?: string;
  /** The same name in Latin letters. */
  readonly latin?: readonly [given: string, family: string];
  readonly hasMoved?: boolean;
  readonly language?: readonly [code: string, name: string];
  readonly ethnicity?: readonly [code: string, display: string];
  readonly raceDetail?: readonly [code: string, display: string];
  readonly tribe?: readonly [code: string, display: string, enrolled: boolean];
  readonly identity?: 'female' | 'male' | 'declined';
  readonly birthSex?: 'F' | 'M';
  readonly deceased?: string;
  readonly pregnant?: boolean;
}

const MEXICAN = ['2148-5', 'Mexican'] as const;
const PUERTO_RICAN = ['2180-8', 'Puerto Rican'] as const;
const SPANISH = ['es', 'Spanish'] as const;

type Entry = readonly [
  given: string,
  family: string,
  gender: Person['gender'],
  born: string | number,
  races: readonly Race[],
  traits?: Traits,
];

/** Where a patient has been is told by the place in the list: first both tenants, then the hospital's, then the agency's. */
const both: readonly Entry[] = [
  [
    'Marisol Elena',
    'Quintanilla-Ferro',
    'female',
    '1958-07-19',
    ['white'],
    {
      formerFamily: 'Ibarrondo',
      suffix: 'PharmD',
      hasMoved: true,
      language: SPANISH,
      ethnicity: MEXICAN,
      identity: 'female',
    },
  ],
  ['Desmond Earl', 'Achterberg', 'male', '1949-02-11', ['black'], { suffix: 'Jr.', hasMoved: true }],
  ['Siobhán Niamh', "O'Hanrathy", 'female', '1972-11-30', ['white'], { formerFamily: 'Delacourt' }],
  ['Tomasz Łukasz', 'Wiśniogórski', 'male', '1980-03-05', ['white'], { language: ['pl', 'Polish'] }],
  [
    'Олена',
    'Щербакевич',
    'female',
    '1966-09-14',
    ['white'],
    { latin: ['Olena', 'Shcherbakevych'], language: ['uk', 'Ukrainian'] },
  ],
  ['Theodore James', 'Brandvold', 'male', '2018-05-24', ['white']],
  [
    '玖苓',
    '歐陽',
    'female',
    '1944-12-02',
    ['asian'],
    { latin: ['Jiuling', 'Ouyang'], language: ['zh', 'Chinese'], raceDetail: ['2034-7', 'Chinese'] },
  ],
  ['Juniper Rae', 'Castellanoz', 'female', '2025-06-21', ['white', 'native'], { ethnicity: MEXICAN }],
  [
    'André-Étienne',
    'Beaulieu-Fontenac',
    'male',
    '1953-01-27',
    ['white', 'black'],
    { language: ['fr', 'French'], hasMoved: true },
  ],
  [
    'Ayita Rose',
    'Redwillow',
    'female',
    '1977-08-08',
    ['native'],
    { tribe: ['40', 'Cherokee Nation, Oklahoma', true], identity: 'female' },
  ],
  ['Walter Enoch', 'Grimshawe', 'male', '1938-04-16', ['white'], { suffix: 'Sr.', deceased: '2026-03-14' }],
  ['', '', 'male', 60, [], { nameless: true }],
];

const hospital: readonly Entry[] = [
  ['Rosalind', 'Pemberwick', 'female', 74, ['white']],
  [
    'Nguyệt Ánh',
    'Trịnh-Lê',
    'female',
    '1963-05-30',
    ['asian'],
    { language: ['vi', 'Vietnamese'], raceDetail: ['2047-9', 'Vietnamese'] },
  ],
  ['Keoni', 'Makalena-Hale', 'male', '1988-10-12', ['pacific']],
  ['Priscilla June', 'Stavenhagen', 'female', '1995-06-03', ['white'], { pregnant: true }],
  ['Jamal Everett', 'Whitlockson', 'male', '1991-12-19', ['black']],
  ['Björn Åke', 'Sjöstrandh', 'male', '1957-02-22', ['white'], { language: ['sv', 'Swedish'] }],
  [
    'Xochitl',
    'Barragán Tovar',
    'female',
    '2001-03-17',
    ['native'],
    { language: SPANISH, ethnicity: MEXICAN, pregnant: true },
  ],
  ['Leander', 'Cuthbertsen', 'male', '1969-07-07', ['white'], { hasMoved: true }],
  ['Ngozi Amara', 'Ekwuemelu', 'female', '1984-01-09', ['black'], { formerFamily: 'Obiagwu' }],
  ['Morgan Avery', 'Fitzsimmonds-Cole', 'other', '1998-09-25', ['white'], { identity: 'declined', birthSex: 'F' }],
  ['Salvatore', 'DiBenvenuti', 'male', '1946-11-11', ['white']],
  [
    'Yusra',
    'Al-Qadhimi',
    'female',
    '1975-04-01',
    ['white'],
    { latin: ['Yusra', 'Al Qadhimi'], language: ['ar', 'Arabic'] },
  ],
  ['Ingrid', 'Haverkampf', 'female', '1951-08-28', ['white']],
  ['Carmelo', 'Ruizdávila', 'male', '1960-10-05', ['white', 'black'], { language: SPANISH, ethnicity: PUERTO_RICAN }],
  [
    'Tallulah',
    'Crowfeather',
    'female',
    '1982-12-24',
    ['native'],
    { tribe: ['170', 'Navajo Nation, Arizona, New Mexico & Utah', false] },
  ],
  ['Ephraim', 'Zuckerbrodt', 'male', '1935-05-18', ['white'], { hasMoved: true }],
  ['Mei-Xiu', 'Lansdowne-Fong', 'female', '1990-02-14', ['asian', 'white'], { raceDetail: ['2034-7', 'Chinese'] }],
  ['Owen Patrick', "D'Abernathy", 'male', '1979-06-20', ['white']],
  ['Reginald', 'Thistlewaite', 'male', '1942-09-09', ['white'], { suffix: 'III' }],
  ['Amihan', 'Bautistela', 'female', '1986-03-23', ['asian'], { raceDetail: ['2036-2', 'Filipino'] }],
  ['Harlan', 'Stoddermeyer', 'male', '1968-01-31', ['white']],
  ['Colette', 'Vachonneau', 'female', '1955-10-27', ['white'], { formerFamily: 'Broussardine' }],
  ['Deepak', 'Raghunandanan', 'male', '1971-11-15', ['asian'], { raceDetail: ['2029-7', 'Asian Indian'] }],
  ['Philippa', 'Mountjoye', 'female', '2009-04-04', ['white']],
  ['Zebulon', 'Hatchercroft', 'male', '1993-08-16', ['white'], { identity: 'male', birthSex: 'F' }],
  ['Wilhelmina', 'Oosterbroek', 'female', '1947-07-02', ['white']],
  ['Ramón', 'Peñalver Ortuño', 'male', '1976-12-06', ['white'], { language: SPANISH, ethnicity: MEXICAN }],
  ['Adaeze', 'Nwokenta', 'female', '1999-05-11', ['black'], { pregnant: true }],
];

const agency: readonly Entry[] = [
  ['Cornelius', 'Vandermolen', 'male', '1950-03-29', ['white']],
  ['Lakshmi', 'Iyengarathan', 'female', '1964-06-17', ['asian'], { raceDetail: ['2029-7', 'Asian Indian'] }],
  ['Bartholomew', 'Quillfeather', 'male', '1987-09-03', ['white']],
  ['Estrella', 'Montoyaluz', 'female', '1996-11-21', ['white'], { language: SPANISH, ethnicity: MEXICAN }],
  ['Tyrell', 'Goodspeede', 'male', '1974-02-08', ['black']],
  ['Agnieszka', 'Żurawczyńska', 'female', '1959-12-13', ['white'], { language: ['pl', 'Polish'] }],
  ['Percival', 'Lockridgeway', 'male', '2014-07-26', ['black', 'white']],
  ['Robin', 'Escherwood', 'unknown', '1983-05-05', []],
];

const known = [
  ...both.map((entry) => ({ entry, tenants: TENANT_IDS })),
  ...hospital.map((entry) => ({ entry, tenants: TENANT_IDS.slice(0, 1) })),
  ...agency.map((entry) => ({ entry, tenants: TENANT_IDS.slice(1) })),
];

export const people: readonly Person[] = known.map(({ entry, tenants }, index) => {
  const [given, family, gender, born, races, traits = {}] = entry;
  return {
    id: `p-${String(index + 1).padStart(3, '0')}`,
    index,
    tenants,
    given,
    family,
    gender,
    ...(typeof born === 'number' ? { age: born } : { born }),
    races,
    traits,
  };
});

export const personName = ({ given, family, traits }: Person): string | undefined =>
  traits.nameless ? undefined : `${given} ${family}${traits.suffix === undefined ? '' : `, ${traits.suffix}`}`;
