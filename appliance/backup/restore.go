package backup

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"filippo.io/age"
)

// The folders of a restore, in the state directory.
const (
	half   = "restore.part"    // it is being unpacked, and means nothing
	staged = "restore"         // it is whole
	owed   = "restored-config" // configuration that nobody could put in its place
)

// Stage unpacks a backup into the state directory, where Take finds it. Where the old box is
// retired, this one becomes it; else it stays who it is.
func Stage(r io.Reader, passphrase string, folders Folders, retired bool) (About, error) {
	who, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return About{}, ErrPassphrase
	}
	who.SetMaxWorkFactor(workFactor + 2) // what a stranger's file may cost us: 256 MiB
	part := filepath.Join(folders.State, half)
	if err := os.RemoveAll(part); err != nil {
		return About{}, fmt.Errorf("restore backup: %w", err)
	}
	plain, err := age.Decrypt(r, who)
	switch {
	case errors.Is(err, age.ErrIncorrectIdentity):
		return About{}, ErrPassphrase
	case err != nil:
		return About{}, fmt.Errorf("%w (%w)", ErrNoBackup, err)
	}
	about, err := unpack(plain, part, retired)
	if err == nil {
		err = swap(part, filepath.Join(folders.State, staged))
	}
	if err != nil {
		return About{}, errors.Join(fmt.Errorf("restore backup: %w", err), os.RemoveAll(part))
	}
	return about, nil
}

// unpack writes what is in a backup to dir, with the list of its files.
func unpack(r io.Reader, dir string, retired bool) (About, error) {
	var about About
	damaged := func(err error) (About, error) { return About{}, fmt.Errorf("%w (%w)", ErrNoBackup, err) }
	packed, err := gzip.NewReader(r)
	if err != nil {
		return damaged(err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return About{}, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return About{}, err
	}
	defer root.Close()
	l := listing{Retired: retired, Files: []string{}}
	archive, total := tar.NewReader(packed), int64(0)
	for n := 0; ; n++ {
		h, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return damaged(err)
		}
		total += h.Size
		tree, rest, _ := strings.Cut(h.Name, "/")
		switch {
		case h.Typeflag != tar.TypeReg || h.Size < 0 || h.Size > maxFile || total > maxTotal || n > maxFiles:
			return damaged(fmt.Errorf("%q is not as backups are", h.Name))
		case n == 0:
			data, err := io.ReadAll(archive)
			if err == nil {
				err = json.Unmarshal(data, &about)
			}
			if err != nil || h.Name != "about.json" {
				return damaged(errors.Join(errors.New("it does not begin with about.json"), err))
			}
			if about.Format != format {
				return About{}, fmt.Errorf("this backup has format %d, and this cricket knows %d: update it first", about.Format, format)
			}
			continue
		case !fs.ValidPath(h.Name) || rest == "" || tree != "state" && tree != "config":
			return damaged(fmt.Errorf("%q is in none of its folders", h.Name))
		case tree == "state" && (within(rest, without) || !retired && within(rest, identity)):
			continue
		}
		l.Files = append(l.Files, h.Name)
		if err := put(root, h.Name, fs.FileMode(h.Mode).Perm(), archive); err != nil {
			return About{}, err
		}
	}
	if _, err := io.Copy(io.Discard, packed); err != nil { // the end of it is vouched for, too
		return damaged(err)
	}
	if about.Format == 0 {
		return damaged(errors.New("it is empty"))
	}
	data, err := json.Marshal(l)
	if err != nil {
		return About{}, err
	}
	return about, put(root, "listing.json", 0o600, strings.NewReader(string(data)))
}

// put writes one file below root, and has it on the disk.
func put(root *os.Root, name string, mode fs.FileMode, from io.Reader) error {
	if err := root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode|0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Sync(), f.Close())
}

// swap puts a folder into another's place.
func swap(from, to string) error {
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// listing is what a restore consists of.
type listing struct {
	Retired bool     `json:"retired"`
	Files   []string `json:"files"`
}

// Take puts what is staged in its place, and says whether there was anything: the state
// becomes that of the backup, with the files that the backup does not have gone, and those of
// the configuration are written over. check is asked of the new configuration; one that it
// refuses is put back, and the error says why. One that may not be written here is Owed.
func Take(folders Folders, check func() error) (bool, error) {
	from := filepath.Join(folders.State, staged)
	data, err := os.ReadFile(filepath.Join(from, "listing.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	var l listing
	if err == nil {
		err = json.Unmarshal(data, &l)
	}
	if err == nil {
		err = l.takeState(folders.State)
	}
	if err != nil {
		return false, fmt.Errorf("restore backup: %w", err)
	}
	config, aside := filepath.Join(from, "config"), filepath.Join(folders.State, owed)
	if _, err := os.Stat(config); err == nil {
		if err := swap(config, aside); err != nil {
			return true, fmt.Errorf("restore backup: %w", err)
		}
		err := takeConfig(folders.Config, aside, check)
		switch {
		case err == nil:
			err = os.RemoveAll(aside)
		case errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS):
			err = nil
		default:
			err = fmt.Errorf("restore the configuration: %w; that of the backup is in %s", err, aside)
		}
		return true, errors.Join(err, os.RemoveAll(from))
	}
	return true, os.RemoveAll(from)
}

// Owed is the folder of a restored configuration that could not be put in its place; "" where
// there is none.
func Owed(state string) string {
	dir := filepath.Join(state, owed)
	if _, err := os.Stat(dir); err != nil {
		return ""
	}
	return dir
}

// takeState puts the files of the state in their places. Root does this in a folder of another
// user's, whose links must lead nowhere: all names are below an os.Root.
func (l listing) takeState(state string) error {
	keep := without
	if !l.Retired {
		keep = slices.Concat(without, identity)
	}
	there, _, err := list("state", state, ".", keep)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(state)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, f := range there {
		if !slices.Contains(l.Files, f.name) {
			if err := root.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	for _, name := range l.Files {
		to, ok := strings.CutPrefix(name, "state/")
		if !ok {
			continue
		}
		if err := makeDir(root, path.Dir(to)); err != nil {
			return err
		}
		err := root.Rename(path.Join(staged, name), to)
		if errors.Is(err, fs.ErrNotExist) { // it was put there before the power was cut
			continue
		}
		if err == nil {
			err = own(root, to)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// takeConfig writes the files of from over those of the folder of the configuration, all or none.
func takeConfig(config, from string, check func() error) error {
	files, _, err := list("", from, ".", nil)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(config)
	if err != nil {
		return err
	}
	defer root.Close()
	type before struct {
		data []byte
		mode fs.FileMode
	}
	old := map[string]*before{} // nil: there was none
	back := func(err error) error {
		for name, b := range old {
			if b == nil {
				err = errors.Join(err, root.Remove(name))
			} else {
				err = errors.Join(err, writeWhole(root, name, b.mode, b.data))
			}
		}
		return err
	}
	for _, f := range files {
		data, err := f.read()
		var was *before
		if info, statErr := root.Stat(f.path); err == nil && statErr == nil {
			was = &before{mode: info.Mode().Perm()}
			was.data, err = root.ReadFile(f.path)
		}
		if err == nil {
			err = makeDir(root, path.Dir(f.path))
		}
		if err == nil {
			err = writeWhole(root, f.path, f.mode, data)
		}
		if err != nil {
			return back(err)
		}
		old[f.path] = was
	}
	if err := check(); err != nil {
		return back(err)
	}
	return nil
}

// makeDir makes a folder, owned by whom root is owned by.
func makeDir(root *os.Root, dir string) error {
	if info, err := root.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if err := makeDir(root, path.Dir(dir)); err != nil {
		return err
	}
	if err := root.Mkdir(dir, 0o750); err != nil {
		return err
	}
	return own(root, dir)
}

// writeWhole puts data in a file's place: the old file or the new one is there after a power cut.
func writeWhole(root *os.Root, name string, mode fs.FileMode, data []byte) error {
	part := path.Join(path.Dir(name), ".restore-"+path.Base(name))
	f, err := root.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = own(root, part)
	}
	if err == nil {
		err = root.Rename(part, name)
	}
	if err != nil {
		root.Remove(part)
	}
	return err
}

// own gives a file to whom the folder root is owned by: root restores for the daemon's own user.
func own(root *os.Root, name string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := root.Stat(".")
	if err != nil {
		return err
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return root.Lchown(name, int(s.Uid), int(s.Gid))
}
