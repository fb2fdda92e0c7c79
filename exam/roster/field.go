package roster

import (
	"strings"
	"unicode"
)

// Field is what a column holds.
type Field string

// The fields. Surname, Given and Patronymic stand in place of Name.
const (
	IIN        Field = "iin"
	Name       Field = "name"
	Surname    Field = "surname"
	Given      Field = "given"
	Patronymic Field = "patronymic"
	BirthDate  Field = "birth_date" // compared with the IIN
	Sex        Field = "sex"        // compared with the IIN
	Photo      Field = "photo"      // a file in the folder of photos; empty: IIN.jpg, .jpeg or .png
	Room       Field = "room"
	Seat       Field = "seat"
	Language   Field = "language"
	University Field = "university"
	Programme  Field = "programme" // group of educational programmes
	Extra      Field = "extra"     // minutes
	Document   Field = "document"  // for the extra minutes
	Helper     Field = "helper"
	Interview  Field = "interview" // held: yes or no
	Protocol   Field = "protocol"  // of the interview
)

// fields are the columns in the order of the template, with the names under which each is known: the first three are those of the template
// in Kazakh, Russian and English.
var fields = []struct {
	field Field
	names []string
}{
	{IIN, []string{"ЖСН", "ИИН", "IIN", "Жеке сәйкестендіру нөмірі", "Индивидуальный идентификационный номер", "Individual identification number"}},
	{Name, []string{"Аты-жөні", "Ф.И.О.", "Name", "Т.А.Ә.", "Тегі, аты, әкесінің аты", "ФИО поступающего", "Фамилия, имя, отчество", "Full name"}},
	{Surname, []string{"Тегі", "Фамилия", "Surname", "Last name"}},
	{Given, []string{"Аты", "Имя", "Given name", "First name"}},
	{Patronymic, []string{"Әкесінің аты", "Отчество", "Patronymic", "Отчество (при наличии)", "Әкесінің аты (бар болса)"}},
	{BirthDate, []string{"Туған күні", "Дата рождения", "Birth date", "Date of birth"}},
	{Sex, []string{"Жынысы", "Пол", "Sex", "Gender"}},
	{Photo, []string{"Фотосурет", "Фото", "Photo", "Сурет", "Фотография", "Файл фото", "Photo file"}},
	{Room, []string{"Аудитория", "Аудитория №", "Room", "Аудитория нөмірі", "Номер аудитории"}},
	{Seat, []string{"Орын", "Место", "Seat", "Орын нөмірі", "Посадочное место", "Номер места", "Отыратын орны", "Seat number"}},
	{Language, []string{"Емтихан тілі", "Язык экзамена", "Exam language", "Тіл", "Тілі", "Язык", "Язык сдачи", "Тапсыру тілі", "Language"}},
	{University, []string{"ЖЖОКБҰ", "ОВПО", "University", "ЖОО", "ВУЗ", "Университет", "Университеті", "ЖОО атауы"}},
	{Programme, []string{"Білім беру бағдарламаларының тобы", "Группа образовательных программ", "Group of programmes", "БББТ", "ББ тобы", "ГОП", "Код ГОП", "Programme group", "Programme"}},
	{Extra, []string{"Қосымша уақыт, минут", "Дополнительное время, минут", "Extra minutes", "Қосымша минут", "Қосымша уақыт", "Дополнительное время", "Доп. минуты", "Доп. время", "Дополнительные минуты", "Extra time"}},
	{Document, []string{"Қосымша уақытқа құжат", "Документ на дополнительное время", "Document", "Құжат", "Документ", "Основание", "Негіздеме", "Document for extra time"}},
	{Helper, []string{"Көмекші", "Помощник", "Helper", "Ымдау тілінің маманы", "Специалист жестового языка", "Assistant"}},
	{Interview, []string{"Әңгімелесу өтті", "Собеседование проведено", "Interview held", "Әңгімелесу", "Собеседование", "Interview"}},
	{Protocol, []string{"Әңгімелесу хаттамасы", "Протокол собеседования", "Interview protocol", "Хаттама", "Протокол"}},
}

// Fields returns the fields in the order of the template.
func Fields() (out []Field) {
	for _, f := range fields {
		out = append(out, f.field)
	}
	return out
}

// Title returns a field's name in the template in kk, ru or en.
func (f Field) Title(lang string) string {
	for _, known := range fields {
		if known.field == f {
			switch lang {
			case "kk":
				return known.names[0]
			case "ru":
				return known.names[1]
			}
			return known.names[2]
		}
	}
	return string(f)
}

// bare leaves the letters and digits of a name, small, with е for ё: what people write between them varies.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		switch r = unicode.ToLower(r); {
		case r == 'ё':
			return 'е'
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			return r
		}
		return -1
	}, s)
}

var byName = func() map[string]Field {
	out := make(map[string]Field)
	for _, f := range fields {
		for _, name := range append(f.names, string(f.field)) {
			out[bare(name)] = f.field
		}
	}
	return out
}()

var languages = map[string]string{
	"kk": "kk", "kz": "kk", "каз": "kk", "казахский": "kk", "қазақ": "kk", "қазақша": "kk", "қазақтілі": "kk", "kazakh": "kk", "қаз": "kk", "казахскийязык": "kk",
	"ru": "ru", "рус": "ru", "русский": "ru", "орыс": "ru", "орысша": "ru", "орыстілі": "ru", "russian": "ru", "русскийязык": "ru",
	"en": "en", "eng": "en", "анг": "en", "англ": "en", "английский": "en", "ағылшын": "en", "ағылшынша": "en", "ағылшынтілі": "en", "english": "en", "английскийязык": "en",
}

var truths = map[string]bool{
	"да": true, "иә": true, "yes": true, "1": true, "true": true, "проведено": true, "өтті": true,
	"нет": false, "жоқ": false, "no": false, "0": false, "false": false, "непроведено": false, "өтпеді": false,
}

// sexes maps what people write to 'm' or 'f'.
var sexes = map[string]byte{
	"м": 'm', "муж": 'm', "мужской": 'm', "мужчина": 'm', "е": 'm', "ер": 'm', "еркек": 'm', "m": 'm', "male": 'm',
	"ж": 'f', "жен": 'f', "женский": 'f', "женщина": 'f', "ә": 'f', "әйел": 'f', "f": 'f', "female": 'f',
}
