import { benchPutEvents } from './put-events.ts'

const figure = await benchPutEvents()
console.log(figure)
