package intent

// testHome is a house of two floors and eight rooms, with names that clash on
// purpose: three ceiling lights, two lamps, a fan in two rooms.
func testHome() Names {
	n := Names{
		Floors: []Floor{
			{ID: "ground", Name: "Ground floor", Aliases: []string{"downstairs"}},
			{ID: "first", Name: "First floor", Aliases: []string{"upstairs"}},
		},
		Areas: []Area{
			{ID: "kitchen", Name: "Kitchen", Floor: "ground"},
			{ID: "living_room", Name: "Living room", Aliases: []string{"lounge", "sitting room"}, Floor: "ground"},
			{ID: "hall", Name: "Hall", Aliases: []string{"hallway"}, Floor: "ground"},
			{ID: "garage", Name: "Garage", Floor: "ground"},
			{ID: "bedroom", Name: "Bedroom", Aliases: []string{"master bedroom"}, Floor: "first"},
			{ID: "kids_room", Name: "Kids' room", Aliases: []string{"nursery"}, Floor: "first"},
			{ID: "bathroom", Name: "Bathroom", Floor: "first"},
			{ID: "office", Name: "Office", Aliases: []string{"study"}, Floor: "first"},
		},
	}
	add := func(id, name, area string, more ...func(*Entity)) {
		e := Entity{ID: id, Name: name, Area: area}
		for _, f := range more {
			f(&e)
		}
		n.Entities = append(n.Entities, e)
	}
	class := func(c string) func(*Entity) { return func(e *Entity) { e.DeviceClass = c } }
	alias := func(a ...string) func(*Entity) { return func(e *Entity) { e.Aliases = a } }
	state := func(s string) func(*Entity) { return func(e *Entity) { e.State = s } }
	members := func(m ...string) func(*Entity) { return func(e *Entity) { e.Members = m } }

	add("light.kitchen_ceiling", "Ceiling light", "kitchen", alias("main light"), state("off"))
	add("light.kitchen_counter", "Counter lights", "kitchen")
	add("switch.coffee_machine", "Coffee machine", "kitchen", alias("coffee maker", "espresso machine"))
	add("cover.kitchen_blinds", "Blinds", "kitchen", class("blind"))
	add("binary_sensor.kitchen_window", "Kitchen window", "kitchen", class("window"))
	add("sensor.kitchen_humidity", "Kitchen humidity", "kitchen", class("humidity"))
	add("sensor.kitchen_temperature", "Kitchen temperature", "kitchen", class("temperature"))

	add("light.living_room_ceiling", "Ceiling light", "living_room")
	add("light.living_room_lamp", "Lamp", "living_room")
	add("light.reading", "Reading light", "living_room")
	add("media_player.tv", "TV", "living_room", alias("television", "telly"))
	add("cover.curtains", "Curtains", "living_room", class("curtain"))
	add("climate.living_room", "Thermostat", "living_room")
	add("fan.living_room", "Fan", "living_room")
	add("light.living_room_all", "Living room lamps", "living_room", members("light.living_room_lamp", "light.reading"))

	add("group.evening", "Evening lamps", "", members("light.living_room_lamp", "light.desk"))

	add("light.hall", "Hall light", "hall")
	add("lock.front_door", "Front door", "hall")
	add("binary_sensor.front_door", "Front door contact", "hall", class("door"))
	add("binary_sensor.hall_motion", "Hall motion", "hall", class("motion"))

	add("cover.garage_door", "Garage door", "garage", class("garage"))
	add("light.garage", "Garage light", "garage")
	add("lock.back_door", "Back door lock", "garage")
	add("switch.charger", "Car charger", "garage")

	add("light.bedroom_ceiling", "Ceiling light", "bedroom")
	add("light.bedroom_lamp", "Lamp", "bedroom", alias("bedside lamp"))
	add("cover.bedroom_blinds", "Blinds", "bedroom", class("blind"))
	add("climate.bedroom", "Bedroom heating", "bedroom")
	add("fan.bedroom", "Fan", "bedroom")
	add("media_player.bedroom", "Bedroom speaker", "bedroom")
	add("binary_sensor.bedroom_window", "Bedroom window", "bedroom", class("window"))

	add("light.kids_night", "Night light", "kids_room")
	add("light.kids_stars", "Anna's stars", "kids_room")

	add("light.bathroom_mirror", "Mirror light", "bathroom")
	add("switch.towel_rail", "Towel rail", "bathroom", alias("towel heater"))
	add("sensor.bathroom_humidity", "Bathroom humidity", "bathroom", class("humidity"))
	add("sensor.bathroom_temperature", "Bathroom temperature", "bathroom", class("temperature"))

	add("light.desk", "Desk lamp", "office")
	add("switch.printer", "Printer", "office")
	add("light.lamp_2", "Lamp 2", "office")
	add("sensor.outside", "Outdoor temperature", "", class("temperature"))

	add("scene.movie_night", "Movie night", "")
	add("scene.good_night", "Good night", "")
	add("script.wake_up", "Wake up", "")
	add("button.doorbell", "Doorbell", "hall")

	add("vacuum.robbie", "Robbie", "hall")
	add("lawn_mower.garden", "Garden mower", "")
	add("weather.home", "Home", "")
	add("select.washer", "Washing program", "bathroom")
	add("number.boost", "Boost minutes", "bathroom")
	add("person.anna", "Anna", "")
	add("valve.garden", "Garden valve", "", class("water"))
	return n
}
