package appliance

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cricket-home/cricket/appliance/backup"
	"github.com/cricket-home/cricket/home"
)

// BackupFolders are what a box keeps that a backup has: of the folder of its configuration
// what is its own, and the secrets that the configuration names.
func BackupFolders(c Config, stateDir string) backup.Folders {
	if c.Dir == "" { // a home without a configuration
		return backup.Folders{State: stateDir}
	}
	f := backup.Folders{State: stateDir, Config: c.Dir, Files: []string{"custom_sentences"}}
	names, _ := filepath.Glob(filepath.Join(c.Dir, "*.toml")) // only the pattern can be wrong
	for _, name := range append(names, c.MQTT.PasswordFile, c.MQTT.CAFile, c.MQTT.CertFile, c.MQTT.KeyFile, c.HomeAssistant.TokenFile, c.Guest.KeyFile, c.Guest.CAFile, c.Page.CodeFile) {
		if rest, err := filepath.Rel(c.Dir, name); err == nil && name != "" && filepath.IsLocal(rest) && !slices.Contains(f.Files, rest) {
			f.Files = append(f.Files, rest)
		}
	}
	return f
}

// TakeRestored puts a restored backup in its place, before anything of it is read. An error
// says what of it is not: the box can start all the same. configFile is as in LoadConfig.
func TakeRestored(configFile, stateDir string) error {
	if configFile == "" {
		configFile = ConfigFile
	}
	folders := backup.Folders{State: stateDir, Config: filepath.Dir(configFile)}
	_, err := backup.Take(folders, func() error {
		if _, err := os.Stat(configFile); errors.Is(err, os.ErrNotExist) {
			return nil
		}
		_, err := LoadConfig(configFile)
		return err
	})
	return err
}

// maxBackup is how much of a file is read as a backup, in bytes.
const maxBackup = 64 << 20

// serveBackup gives the backup of the box, and takes one back.
func (b *Box) serveBackup(mux *http.ServeMux, source home.Source) {
	mux.HandleFunc("POST /backup", func(w http.ResponseWriter, r *http.Request) {
		if !b.pressed(w, r, source) {
			return
		}
		status := b.Status()
		var out bytes.Buffer
		err := backup.Write(&out, r.PostFormValue("passphrase"), backup.About{Name: status.Name, Version: status.Version, Time: status.Time.UTC()}, BackupFolders(b.config, b.options.StateDir))
		switch {
		case errors.Is(err, backup.ErrShort):
			http.Error(w, err.Error(), http.StatusBadRequest)
		case err != nil:
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		default:
			b.log.Info("a backup was made", "bytes", out.Len())
			w.Header().Set("Content-Type", "application/octet-stream")
			w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", BackupName(status.Name, status.Time.Format("2006-01-02"))))
			w.Write(out.Bytes())
		}
	})
	mux.HandleFunc("POST /restore", func(w http.ResponseWriter, r *http.Request) {
		if !b.options.Keep {
			http.Error(w, "restore backup: this box ends with its command", http.StatusServiceUnavailable)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBackup)
		parts, err := r.MultipartReader()
		if err != nil {
			http.Error(w, "restore backup: "+err.Error(), http.StatusBadRequest)
			return
		}
		about, err := b.stage(w, r, parts, source)
		switch {
		case errors.Is(err, errAnswered):
		case errors.Is(err, backup.ErrPassphrase):
			http.Error(w, err.Error(), http.StatusConflict)
		case errors.Is(err, backup.ErrNoBackup):
			http.Error(w, err.Error(), http.StatusBadRequest)
		case err != nil:
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		default:
			b.log.Info("a backup is restored by a restart", "of", about.Name)
			writeJSON(w, about)
			time.AfterFunc(time.Second, func() { signal(b.again) }) // when the answer has been read
		}
	})
}

var errAnswered = errors.New("the request has its answer")

// stage reads the fields passphrase and retired, and the file, which is the last.
func (b *Box) stage(w http.ResponseWriter, r *http.Request, parts *multipart.Reader, source home.Source) (backup.About, error) {
	fields := map[string]string{}
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			err = fmt.Errorf("%w (no file was sent)", backup.ErrNoBackup)
		}
		if err != nil {
			return backup.About{}, err
		}
		if part.FormName() == "file" {
			if !b.pressed(w, r, source) {
				return backup.About{}, errAnswered
			}
			return backup.Stage(part, fields["passphrase"], BackupFolders(b.config, b.options.StateDir), fields["retired"] == "true")
		}
		value, err := io.ReadAll(io.LimitReader(part, 4096))
		if err != nil {
			return backup.About{}, err
		}
		fields[part.FormName()] = string(value)
	}
}

// BackupName is a name for a file that holds the backup of a box.
func BackupName(name, date string) string {
	plain := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return '-'
	}, strings.ToLower(name))
	return strings.Trim(plain, "-") + "-" + date + ".cricket"
}

// checkRestored says whether a restored configuration waits for somebody who may write it.
func (b *Box) checkRestored() []Finding {
	dir := backup.Owed(b.options.StateDir)
	if dir == "" {
		return nil
	}
	return []Finding{{Part: "restore", Text: "what the box knows is restored; its configuration is not, since the daemon may not write " + b.config.Dir,
		Hint: fmt.Sprintf("sudo cp -r %s/. %s && sudo rm -r %s && sudo systemctl restart cricket", dir, b.config.Dir, dir)}}
}
