/** How many of the lots of San Francisco the file of its parcels has. */
export const LOTS = 213_068

/**
 * Streets with the number of lots. The sums by prefix, suffix and name are those that event-ruler
 * publishes for its rule sets, such as 442 for names in BL and 17,921 for names in ON.
 */
const COUNTED: readonly (readonly [string, number])[] = [
  ['ACADIA', 14],
  ['ACTON', 10],
  ['BLANKEN', 160],
  ['BLYTHDALE', 150],
  ['BLUXOME', 107],
  ['BLAKE', 25],
  ['DRAKE', 25],
  ['DRUMM', 13],
  ['FULTON', 1_910],
  ['FUNSTON', 477],
  ['RHODE ISLAND', 310],
  ['RHINE', 18],
  ['MISSION', 4_200],
  ['MASON', 2_657],
  ['WASHINGTON', 2_500],
  ['JACKSON', 2_300],
  ['UNION', 1_700],
  ['CLAYTON', 900],
  ['HARRISON', 600],
  ['NEWTON', 300],
  ['ADDISON', 214],
  ['JEFFERSON', 131],
  ['MOULTON', 22],
  ['MASONIC', 293],
  ['LAKE', 750],
  ['CLARKE', 71],
  ['KING', 1_100],
  ['LANSING', 550],
  ['IRVING', 313],
  ['SANTIAGO', 682],
  ['HYDE', 1_758],
  ['CHESTNUT', 825],
  ['BEACH', 211],
]

/** They share the other lots evenly. No name here may fit a rule of the sets. */
const OTHERS = [
  ...['02ND', '03RD', '08TH', '12TH', '16TH', '18TH', '19TH', '22ND', '24TH', '25TH', '28TH'],
  ...['31ST', '33RD', '36TH', '38TH', '41ST', '43RD', '45TH', '47TH', '48TH', 'ALEMANY', 'ANZA'],
  ...['ARGUELLO', 'ATHENS', 'BAKER', 'BALBOA', 'BAY', 'BRANNAN', 'BRODERICK', 'BROADWAY', 'BRYANT'],
  ...['BUCHANAN', 'BUSH', 'CABRILLO', 'CALIFORNIA', 'CASTRO', 'CHURCH', 'CLAY', 'CLEMENT', 'COLE'],
  ...['CRESCENT', 'DIAMOND', 'DIVISADERO', 'DOLORES', 'DOUGLASS', 'EDDY', 'EDINBURGH', 'ELLIS'],
  ...['FELL', 'FILBERT', 'FILLMORE', 'FOLSOM', 'FRANCISCO', 'FRANKLIN', 'GEARY', 'GENEVA'],
  ...['GOLDEN GATE', 'GOUGH', 'GREEN', 'GREENWICH', 'GROVE', 'GUERRERO', 'HAIGHT', 'HAYES'],
  ...['HOLLOWAY', 'HOWARD', 'JUDAH', 'JUNIPERO SERRA', 'KANSAS', 'KIRKHAM', 'LAGUNA', 'LISBOA'],
  ...['LOMBARD', 'MARKET', 'MCALLISTER', 'MIRALOMA', 'MONTEREY', 'MORAGA', 'MUNICH', 'NAPLES'],
  ...['NOE', 'NORIEGA', 'NORTH POINT', 'OAK', 'OCEAN', 'OCTAVIA', 'OFARRELL', 'ORTEGA', 'PACHECO'],
  ...['PACIFIC', 'PAGE', 'PARIS', 'PIERCE', 'PINE', 'POLK', 'PORTOLA', 'POST', 'PRAGUE', 'QUESADA'],
  ...['QUINTARA', 'REVERE', 'RIVERA', 'SACRAMENTO', 'SAN BRUNO', 'SAN JOSE', 'SANCHEZ', 'SCOTT'],
  ...['SHRADER', 'SILVER', 'STANYAN', 'STEINER', 'SUNNYDALE', 'SUTTER', 'TARAVAL', 'TENNESSEE'],
  ...['TERESITA', 'TURK', 'ULLOA', 'UNKNOWN', 'VALENCIA', 'VALLEJO', 'VAN NESS', 'VICENTE'],
  ...['VIENNA', 'VISITACION VALLEY', 'WALLER', 'WAWONA', 'WEBSTER', 'YORBA', 'YUKON HILL'],
]

const left = LOTS - COUNTED.reduce((sum, [, lots]) => sum + lots, 0)

export const STREETS: readonly (readonly [string, number])[] = [
  ...COUNTED,
  ...OTHERS.map((name) => [name, left / OTHERS.length] as const),
]
