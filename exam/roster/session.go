package roster

import (
	"bytes"
	"fmt"
	"path"

	"emtihan/exam"
	"emtihan/exam/qti/table"

	"github.com/BurntSushi/toml"
)

// line is a candidate as a session's file has it.
type line struct {
	IIN               string `toml:"iin"`
	Name              string `toml:"name"`
	Photo             string `toml:"photo,omitempty"`
	Language          string `toml:"language"`
	Seat              string `toml:"seat,omitempty"`
	University        string `toml:"university,omitempty"`
	Programme         string `toml:"programme,omitempty"`
	ExtraMinutes      int    `toml:"extra_minutes,omitempty"`
	ExtraDocument     string `toml:"extra_document,omitempty"`
	Helper            string `toml:"helper,omitempty"`
	InterviewHeld     bool   `toml:"interview_held,omitempty"`
	InterviewProtocol string `toml:"interview_protocol,omitempty"`
}

// Session returns base, a session's file without candidates, with the candidates of the room (empty: of the whole list) behind it. photos
// is the folder of photos as seen from the file's. What is returned is read by [exam.ParseSession]; errors are its own, or say that the list
// is not usable, that the room has nobody, or that base has candidates already.
func (r *Roster) Session(base []byte, room, photos string) ([]byte, error) {
	if !r.Usable() {
		return nil, fmt.Errorf("the list has findings that must be mended first")
	}
	var has struct {
		Candidates []any `toml:"candidates"`
	}
	if _, err := toml.Decode(string(exam.Trim(base)), &has); err != nil {
		return nil, fmt.Errorf("session: %w", err)
	}
	if len(has.Candidates) > 0 {
		return nil, fmt.Errorf("session: the file has %d candidates already", len(has.Candidates))
	}
	var list struct {
		Candidates []line `toml:"candidates"`
	}
	for _, e := range r.Entries {
		if room != "" && e.Room != room {
			continue
		}
		c := e.Candidate
		if c.Photo != "" && photos != "" {
			c.Photo = path.Join(photos, c.Photo)
		}
		list.Candidates = append(list.Candidates, line(c))
	}
	if len(list.Candidates) == 0 {
		return nil, fmt.Errorf("the list has nobody for the room %q", room)
	}
	var out bytes.Buffer
	out.Write(bytes.TrimRight(exam.Trim(base), "\n"))
	out.WriteString("\n\n")
	enc := toml.NewEncoder(&out)
	enc.Indent = ""
	if err := enc.Encode(list); err != nil {
		return nil, fmt.Errorf("session: %w", err)
	}
	if _, err := exam.ParseSession(out.Bytes()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Template returns an example of a list in the language (kk, ru or en): one header row, two candidates who are nobody, and a second sheet
// that explains the columns.
func Template(lang string) ([]byte, error) {
	var header []string
	var widths []float64
	for _, f := range fields {
		if f.field == Surname || f.field == Given || f.field == Patronymic {
			continue
		}
		header = append(header, f.field.Title(lang))
		widths = append(widths, 18)
	}
	widths[1] = 40
	rows := [][]string{
		header,
		{"010131600003", "Үлгіова Әлия Үлгіқызы", "31.01.2001", "ә", "010131600003.jpg", "204", "12", "қазақша", "Үлгі университеті", "D094", "", "", "", "иә", "№ 7"},
		{"900101300007", "Образцов Ерлан Образцович", "01.01.1990", "м", "obrazcov.jpg", "204", "13", "русский", "Университет-образец", "D001", "45", "ВКК № 15", "Сурдопереводчик А. Образцова", "да", "№ 8"},
	}
	help := [][]string{{"", "Қазақша", "По-русски", "English"}}
	for _, h := range explained {
		help = append(help, []string{h.field.Title(lang), h.text[0], h.text[1], h.text[2]})
	}
	list, explanation := "Roster", "Help"
	switch lang {
	case "kk":
		list, explanation = "Тізім", "Түсіндірме"
	case "ru":
		list, explanation = "Список", "Пояснения"
	}
	return table.Write(
		table.Sheet{Name: list, Header: true, Widths: widths, Rows: rows},
		table.Sheet{Name: explanation, Header: true, Wrapped: true, Widths: []float64{28, 45, 45, 45}, Rows: help},
	)
}

// explained says in three languages what belongs into a column.
var explained = []struct {
	field Field
	text  [3]string
}{
	{IIN, [3]string{"12 цифр, мәтін түрінде. Басындағы нөл жоғалмауы керек", "12 цифр, ячейка в формате «текст»: ноль в начале не должен пропасть", "12 digits as text: a zero at the beginning must not get lost"}},
	{Name, [3]string{"Тегі, аты, әкесінің аты; немесе үш бөлек баған: Тегі, Аты, Әкесінің аты", "Фамилия, имя, отчество; или три столбца: Фамилия, Имя, Отчество", "Surname, given name, patronymic; or three columns: Surname, Given name, Patronymic"}},
	{BirthDate, [3]string{"Тек ЖСН-мен салыстыру үшін", "Только для сверки с ИИН", "Only to compare with the IIN"}},
	{Sex, [3]string{"е немесе ә; тек ЖСН-мен салыстыру үшін", "м или ж; только для сверки с ИИН", "m or f; only to compare with the IIN"}},
	{Photo, [3]string{"Фотосуреттер қалтасындағы файл, JPEG немесе PNG, кемінде 200 × 200 нүкте; бос болса: ЖСН.jpg", "Файл в папке с фото, JPEG или PNG, не меньше 200 × 200 точек; пусто: ИИН.jpg", "File in the folder of photos, JPEG or PNG, at least 200 × 200 pixels; empty: IIN.jpg"}},
	{Room, [3]string{"Аудитория нөмірі", "Номер аудитории", "Number of the room"}},
	{Seat, [3]string{"Отырғызу парағындағы орын; аудиторияда қайталанбайды", "Место по посадочному листу; в аудитории не повторяется", "Seat of the seating list; not twice in a room"}},
	{Language, [3]string{"қазақша, орысша немесе ағылшынша", "казахский, русский или английский", "Kazakh, Russian or English"}},
	{University, [3]string{"Таңдалған жоғары оқу орны", "Выбранный вуз", "University that was chosen"}},
	{Programme, [3]string{"Топтың коды немесе атауы", "Код или название группы", "Code or name of the group"}},
	{Extra, [3]string{"0-ден 60-қа дейін", "От 0 до 60", "0 to 60"}},
	{Document, [3]string{"Қосымша уақыт берілсе, міндетті", "Обязателен, если дано дополнительное время", "Needed where extra time is given"}},
	{Helper, [3]string{"Көмекшінің немесе ымдау тілі маманының аты-жөні", "Ф.И.О. помощника или специалиста жестового языка", "Name of the helper or sign-language specialist"}},
	{Interview, [3]string{"иә немесе жоқ", "да или нет", "yes or no"}},
	{Protocol, [3]string{"Хаттаманың нөмірі", "Номер протокола", "Number of the protocol"}},
}
