package phrases

import (
	"strings"
	"sync"
)

// What homes are named with. All of it is lower case as the recogniser writes it, and is split once.

var rooms = sync.OnceValue(func() []string {
	return list(`kitchen, living room, lounge, sitting room, family room, den, parlor, front room, great room, hall, hallway, entrance, entryway, foyer, landing,
stairs, staircase, corridor, porch, mudroom, garage, carport, workshop, shed, barn, stable, greenhouse, garden, back yard, front yard, patio, terrace, deck,
balcony, veranda, pool, pool house, spa, sauna, gym, bedroom, master bedroom, main bedroom, guest bedroom, guest room, spare room, nursery, kids room,
children's room, playroom, game room, games room, office, home office, study, library, music room, studio, craft room, sewing room, media room, theater,
cinema, bathroom, master bathroom, guest bathroom, toilet, powder room, shower room, washroom, cloakroom, ensuite, laundry, laundry room, utility room,
boiler room, furnace room, server room, storage room, store room, pantry, larder, scullery, cellar, wine cellar, basement, attic, loft, closet, wardrobe,
dressing room, dining room, breakfast room, breakfast nook, conservatory, sunroom, orangery, reading room, blue room, green room, red room, yellow room,
white room, upstairs bathroom, downstairs toilet, back room, bunk room, dog room, cat room, annex, cottage, guest house, tower, gallery, chapel, kennel,
roof, rooftop, driveway, courtyard, summer house, tree house, gazebo, meeting room, lab, darkroom, bar, snug, nook, alcove, box room, granny flat`)
})

var floors = sync.OnceValue(func() []string {
	return list(`ground floor, first floor, second floor, third floor, top floor, upper floor, lower floor, downstairs, upstairs, basement level, attic floor, main floor, mezzanine`)
})

// people give their names to rooms and things.
var people = sync.OnceValue(func() []string {
	return strings.Fields(`emma olivia noah liam ava mia lucas ethan sophia isabella james oliver amelia harper evelyn abigail emily ella
elizabeth sofia avery scarlett grace chloe victoria riley aria lily aurora zoe nora hazel audrey claire lucy anna sarah hannah leah stella
natalie maya eva naomi elena alice sadie ruby eleanor clara violet josephine vivian rose julia henry jack theodore leo hudson mateo alexander
daniel michael mason sebastian jackson samuel david joseph carter owen wyatt john luke gabriel anthony isaac grayson dylan jacob andrew ryan
nathan aaron caleb thomas charles joshua christopher hunter connor eli adrian robert tyler jose ian kevin peter paul mark george frank walter
arthur oscar felix max hugo otto karl hans ingrid heidi greta astrid freya bjorn lars sven nina tina carla marco luigi paolo giulia chiara pablo
diego carmen rosa pedro juan ana luis marta ivan boris olga tanya natasha yuki kenji hana sakura akira wei ming ling mei jun raj priya anil
deepa sanjay lakshmi fatima omar ali leila hassan yusuf zara amir noor ibrahim kofi ama kwame zola thabo sipho grandma grandpa granny mom dad
mum mummy daddy auntie uncle baby teddy fido rex bella luna milo charlie cooper daisy molly archie freddie alfie rory finn callum hamish morag
fiona eilidh sean niamh siobhan patrick brendan gareth rhys megan bronwyn dylan nigel trevor derek brenda doris mavis ethel stanley norman
agnes beatrice cedric desmond edith fergus gilbert harriet imogen jasper kieran lorna mabel ned opal percy quentin roland sybil tobias
ursula vernon wanda xavier yolanda zachary`)
})

// modifiers stand before the noun in the names of things.
var modifiers = sync.OnceValue(func() []string {
	return list(`big, small, little, tall, short, long, wide, round, square, old, new, antique, modern, vintage, rustic, fancy, main, second, third, spare, extra,
left, right, middle, center, upper, lower, top, bottom, front, back, rear, side, corner, inner, outer, north, south, east, west, indoor, outdoor, inside, outside,
hanging, standing, floor, ceiling, wall, table, desk, bed, bedside, bookshelf, shelf, counter, island, cabinet, cupboard, wardrobe, mirror, sink, stove, oven,
window, door, couch, sofa, chair, armchair, bench, piano, fireplace, mantel, picture, painting, plant, flower, tree, hedge, pond, fountain, path, gate, fence,
wall, roof, gutter, step, stair, banister, reading, writing, working, cooking, dining, sleeping, night, day, evening, morning, sunset, party, movie, mood,
accent, ambient, decorative, crystal, paper, glass, wooden, metal, copper, brass, bronze, silver, golden, iron, stone, marble, bamboo, wicker, velvet, leather,
red, blue, green, yellow, orange, purple, pink, white, black, gray, brown, turquoise, violet, crimson, amber, ivory, scarlet, teal, magenta, rainbow, neon,
moon, star, sun, cloud, rain, snow, storm, thunder, lightning, ocean, river, lake, island, mountain, valley, forest, desert, jungle, meadow,
lion, tiger, bear, wolf, fox, rabbit, mouse, horse, pony, unicorn, dragon, dinosaur, elephant, giraffe, monkey, panda, penguin, owl, eagle, robin, sparrow,
duck, goose, swan, turtle, frog, fish, whale, dolphin, shark, octopus, butterfly, ladybug, spider, bee, christmas, halloween, easter, holiday, winter, summer,
spring, autumn, birthday, wedding, guest, family, kids, toddler, pet, dog, cat, bird, aquarium, fish tank, hamster, printer, computer, gaming, studio, recording,
music, vinyl, guitar, drum, workbench, tool, saw, drill, welding, paint, pottery, sewing, knitting, laundry, ironing, towel, shower, bath, tub, vanity, makeup,
medicine, linen, pantry, wine, beer, coffee, tea, espresso, milk, juice, bread, pizza, rice, soup, egg, waffle, popcorn, ice cream, chocolate, candy, sugar,
honey, pepper, salt, garlic, basil, mint, apple, banana, cherry, grape, lemon, lime, mango, melon, peach, pear, plum, strawberry, tomato, potato, carrot, pumpkin,
captain, pirate, knight, wizard, robot, rocket, space, galaxy, planet, mars, venus, saturn, jupiter, comet, laser, plasma, quantum, turbo, mega, super, ultra,
mister, lady, king, queen, prince, princess, duke, viking, ninja, samurai, paris, london, tokyo, berlin, madrid, oslo, boston, chicago, vegas, texas, cairo, lava,
velocity, harbor, lantern, willow, cedar, maple, birch, aspen, juniper, clover, thistle, heather, ivy, fern, moss, pebble, granite, slate, cobalt, indigo, saffron`)
})

// things are nouns by the domain that Home Assistant gives them.
var things = sync.OnceValue(func() map[string][]string {
	return map[string][]string{
		"light": list(`light, lamp, lights, ceiling light, floor lamp, desk lamp, table lamp, night light, chandelier, spotlight, spotlights, strip light, light strip, lantern,
bulb, pendant, sconce, string lights, fairy lights, led strip, uplight, downlights, mirror light, reading lamp, globe, torch, glow, dimmer, candles, track lights`),
		"switch": list(`plug, outlet, socket, switch, heater, kettle, coffee machine, coffee maker, toaster, charger, car charger, pump, boiler, dehumidifier, humidifier, iron,
printer, computer, monitor, server, router, amplifier, freezer, washing machine, dryer, dishwasher, towel rail, water heater, sprinkler, irrigation, fountain, blanket,
aquarium, air pump, oven, microwave, blender, grill, smoker, sewing machine, treadmill, massage chair, doorbell, siren, alarm, camera, projector, fireplace, mosquito trap`),
		"fan":          list(`fan, ceiling fan, exhaust fan, extractor, extractor fan, ventilator, air purifier, table fan, bathroom fan, hood, blower, tower fan`),
		"cover":        list(`blind, blinds, curtain, curtains, shade, shades, shutter, shutters, awning, drapes, garage door, gate, roller blind, skylight, screen, canopy`),
		"lock":         list(`door, front door, back door, side door, gate lock, lock, cellar door, garden gate, shed door, safe, patio door, barn door, hatch`),
		"climate":      list(`thermostat, heating, radiator, air conditioner, heat pump, heater, climate, furnace, underfloor heating, air conditioning`),
		"media_player": list(`tv, television, speaker, speakers, radio, stereo, record player, soundbar, receiver, music player, jukebox, home theater, projector, display`),
		"vacuum":       list(`vacuum, robot, robot vacuum, sweeper, mop, vacuum cleaner, hoover`),
		"lawn_mower":   list(`lawn mower, mower, robot mower`),
		"scene": list(`movie night, good night, good morning, dinner time, party time, relax, bright, cozy, reading time, bedtime, wake up, focus, sunset, romance, away,
welcome home, movie time, game night, cleaning, yoga, homework, story time, cooking time, arriving, leaving, vacation, candle light, spring dawn, midnight`),
		"sensor":        list(`temperature, humidity, pressure, battery, power meter, air quality, rain gauge, light level, thermometer, energy meter, water meter, soil moisture`),
		"binary_sensor": list(`window, door, motion, leak detector, smoke detector, window sensor, door sensor, mailbox, doorbell, presence, motion sensor, hatch, skylight`),
		"select":        list(`washing program, fan mode, heating mode, alarm mode, input, light effect`),
		"valve":         list(`water valve, main valve, gas valve, sprinkler valve, drip line`),
	}
})

// options of a select.
var options = sync.OnceValue(func() []string {
	return list(`cotton, wool, eco, quick, night, silent, turbo, comfort, away, home, boost, auto, delicate, intensive, normal, party, rainbow, fire, ocean, sleep, sport, hdmi one, hdmi two, bluetooth`)
})

// items go on lists.
var items = sync.OnceValue(func() []string {
	return list(`milk, bread, butter, eggs, cheese, cream, yogurt, apples, bananas, oranges, lemons, limes, grapes, strawberries, blueberries, cherries, peaches, pears, plums,
tomatoes, potatoes, carrots, onions, garlic, ginger, lettuce, spinach, cucumbers, peppers, mushrooms, broccoli, cauliflower, cabbage, beans, peas, corn, rice, pasta,
noodles, flour, sugar, salt, pepper, honey, jam, peanut butter, cereal, oatmeal, muesli, coffee, coffee beans, tea, green tea, juice, orange juice, apple juice, water,
sparkling water, beer, wine, red wine, white wine, soda, lemonade, chips, crackers, cookies, chocolate, dark chocolate, ice cream, cake, pie, pizza, frozen pizza, ham,
bacon, sausages, chicken, chicken breast, beef, ground beef, pork, lamb, turkey, fish, salmon, tuna, shrimp, tofu, olive oil, vinegar, ketchup, mustard, mayonnaise,
soy sauce, hot sauce, salsa, soup, stock cubes, yeast, baking powder, vanilla, cinnamon, basil, oregano, parsley, mint, nuts, almonds, walnuts, raisins, dates, toilet paper,
paper towels, tissues, napkins, dish soap, laundry detergent, soap, shampoo, conditioner, toothpaste, toothbrushes, floss, razors, shaving cream, deodorant, sunscreen,
band aids, aspirin, vitamins, diapers, baby food, wipes, cat food, dog food, cat litter, bird seed, fish food, batteries, light bulbs, trash bags, foil, plastic wrap,
sponges, bleach, candles, matches, tape, glue, nails, screws, paint, wrapping paper, stamps, envelopes, pens, notebooks, flowers, charcoal, propane, firewood`)
})

// chores are what reminders, lists and messages are about.
var chores = sync.OnceValue(func() []string {
	return list(`take out the trash, take out the recycling, do the laundry, fold the laundry, wash the dishes, empty the dishwasher, water the plants, feed the cat, feed the dog,
walk the dog, clean the litter box, vacuum the stairs, mow the lawn, rake the leaves, shovel the snow, wash the car, fill up the car, change the oil, pay the bills, pay the rent,
call mom, call dad, call the doctor, call the dentist, call the plumber, call the bank, call the school, email the teacher, write to grandma, send the package, mail the letter,
buy a present, buy stamps, buy flowers, pick up the kids, pick up the dry cleaning, pick up the prescription, go to the gym, go for a run, do yoga, stretch, drink water,
take my pills, take my medicine, take a break, take the cake out, take the bread out of the oven, check the oven, check the roast, turn the chicken, stir the soup, start dinner,
defrost the chicken, bake a cake, set the table, make the beds, clean the bathroom, clean the kitchen, clean the windows, sweep the porch, dust the shelves, iron the shirts,
book a flight, book a table, renew the passport, renew the insurance, charge the phone, charge the car, back up the computer, update the website, finish the report, study spanish,
practice the piano, practice the violin, do homework, read a story, pack the bags, pack lunch, get the mail, lock the shed, close the pool, cover the plants, bring in the washing,
put the bins out, leave for work, leave for school, go to bed, wake up the kids, join the meeting, join the call, watch the game, watch the news, record the show, return the books,
meet sarah, meet the builder, let the dog out, let the cat in, cancel the order, order pizza, order more ink, fix the tap, fix the bike, change the sheets, change the filter`)
})

var messages = sync.OnceValue(func() []string {
	return list(`dinner is ready, lunch is ready, breakfast is ready, food is on the table, time to go, time for bed, time to get up, we are leaving, we are leaving in five minutes,
come downstairs, come to the kitchen, come here please, i am home, i'm home, i'm leaving now, the taxi is here, the car is here, the bus is here, the pizza is here, the guests are here,
grandma is here, someone is at the door, please be quiet, please turn down the music, the baby is sleeping, the movie is starting, the game is on, school is out, clean your room,
brush your teeth, do your homework, wash your hands, good morning everyone, good night everyone, happy birthday, i need help, who took my keys, where is everybody, the bathroom is free,
the washing is done, the pool is open, feed the cat please, let's go, hurry up, the coffee is ready, tea is ready, it is snowing outside, the train leaves at six, i love you`)
})

// music is searched for.
var music = sync.OnceValue(func() []string {
	return list(`jazz, rock, pop, classical music, some jazz, some rock, some music, country music, blues, reggae, techno, hip hop, folk, opera, salsa, soul, funk, disco, metal,
relaxing music, party music, christmas songs, dinner music, the news, the radio, my playlist, my workout playlist, my favorites, piano music, rain sounds, ocean waves, white noise,
lullabies, an audiobook, a podcast, the morning show, dance music, happy songs, movie soundtracks, mozart, bach, beethoven, chopin, vivaldi, songs from the eighties, nature sounds`)
})

// syllables of invented words, by their place.
var onsets = sync.OnceValue(func() []string {
	return strings.Fields(`b bl br ch d dr f fl fr g gl gr h j k kl kr l m n p pl pr qu r s sh sk sl sm sn sp st str sw t th tr tw v w wh y z`)
})

var vowels = sync.OnceValue(func() []string {
	return strings.Fields(`a a a e e e i i i o o o u u ai ay ea ee oa oo ou ow oi ar er ir or`)
})

var codas = sync.OnceValue(func() []string {
	return strings.Fields(`b ck d f g l ll m n n n ng nd nt p r rd rk rn s ss sh st t th x z ft ld lk mp nk`)
})

var endings = sync.OnceValue(func() []string {
	return strings.Fields(`a o y ie ia er or en on in us um is el le et ix ax ro lo na ta mi ra do ka va`)
})

func list(s string) []string {
	parts := strings.Split(strings.Join(strings.Fields(s), " "), ", ")
	seen := map[string]bool{}
	var out []string
	for _, p := range parts {
		if !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	return out
}
