//! A process that is killed at any byte it writes, in the middle of anything it does.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    /// Entries: their kinds and the lengths of their values.
    Append(Vec<(Kind, usize)>),
    Flush,
    /// Commits up to a place between the last commit and the end, in parts of 256.
    Commit(u8),
    /// Cuts after such a place.
    Truncate(u8),
    /// Starts again without a crash.
    Reopen,
}

fn any_step() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![
        4 => Just(Kind::Plain),
        2 => Just(Kind::Signature),
        2 => Just(Kind::Last),
        1 => Just(Kind::First)
    ];
    prop_oneof![
        5 => prop::collection::vec((kind, 0..300_usize), 1..6).prop_map(Step::Append),
        2 => Just(Step::Flush),
        2 => any::<u8>().prop_map(Step::Commit),
        1 => any::<u8>().prop_map(Step::Truncate),
        1 => Just(Step::Reopen),
    ]
}

/// What the ledger must hold.
#[derive(Default)]
struct Model {
    entries: Vec<Vec<u8>>,
    committed: u64,
    /// So many entries at least, and so many at most, while a step is under way.
    certain: usize,
    salt: u8,
}

impl Model {
    fn place(&self, part: u8) -> u64 {
        let last = self.entries.len() as u64;
        self.committed + (last - self.committed) * u64::from(part) / 255
    }

    /// Does one step; the model knows what is possible should it fail.
    fn step(&mut self, files: &mut LedgerFiles, step: &Step) -> Result<(), FilesError> {
        match step {
            Step::Append(kinds) => {
                self.salt = self.salt.wrapping_add(1);
                let first = self.entries.len() as u64 + 1;
                let kinds = kinds.iter().zip(first..);
                let batch: Vec<_> = kinds
                    .map(|((kind, len), seqno)| entry(seqno, *kind, *len, self.salt))
                    .collect();
                self.entries.extend(batch.iter().cloned());
                append(files, first, &batch)?;
                self.certain = self.entries.len();
            }
            Step::Flush => files.flush()?,
            Step::Commit(part) => {
                let seqno = self.place(*part);
                files.committed(seqno)?;
                self.committed = seqno;
            }
            Step::Truncate(part) => {
                let seqno = self.place(*part);
                self.certain = usize::try_from(seqno).unwrap();
                files.truncate(seqno)?;
                self.entries.truncate(self.certain);
            }
            Step::Reopen => {}
        }
        Ok(())
    }

    /// Compares with what was found after a crash, and goes on from there.
    fn check(&mut self, files: &LedgerFiles) {
        let last = usize::try_from(files.last()).unwrap();
        assert!(
            self.certain <= last && last <= self.entries.len(),
            "{} <= {last} <= {}",
            self.certain,
            self.entries.len()
        );
        assert_eq!(read_all(files), self.entries[..last]);
        assert!(files.committed_seqno() <= self.committed.max(1));
        self.entries.truncate(last);
        self.certain = last;
    }
}

fn open(directory: &Path, faults: &Faults, sync: bool) -> Result<LedgerFiles, FilesError> {
    let mut disk = disk::Disk::new(sync);
    disk.faults = faults.clone();
    LedgerFiles::open_on(
        disk,
        directory,
        &[],
        &FilesConfig {
            sync,
            free_space_min: 0,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn killed_at_any_byte_a_prefix_is_found_that_has_all_that_was_appended(
        steps in prop::collection::vec(any_step(), 1..25),
        lives in prop::collection::vec(0..6000_usize, 1..4),
        sync in any::<bool>(),
    ) {
        let (_parent, directory) = directory();
        let mut model = Model::default();
        let mut lives = lives.into_iter().map(Faults::die_after).chain(std::iter::repeat_with(Faults::default));
        let mut faults = lives.next().unwrap();
        let mut files = None;
        for step in &steps {
            // Start until it does not crash while starting.
            while files.is_none() {
                files = match open(&directory, &faults, sync) {
                    Ok(opened) => {
                        model.check(&opened);
                        Some(opened)
                    }
                    Err(_) => {
                        faults = lives.next().unwrap();
                        None
                    }
                };
            }
            if let Some(opened) = &mut files {
                if model.step(opened, step).is_err() {
                    files = None;
                    faults = lives.next().unwrap();
                } else if matches!(step, Step::Reopen) {
                    files = None;
                }
            }
        }
        drop(files);
        let mut files = open(&directory, &Faults::default(), sync).unwrap();
        model.check(&files);
        // Every file that has its final name is complete and ends with a signature; and the ledger can go on.
        for (name, bytes) in contents(&directory) {
            let name = ChunkName::parse(&name).unwrap();
            prop_assert!(!name.ignored, "{} was set aside", name);
            if name.committed {
                let first = usize::try_from(name.first).unwrap() - 1;
                let last = usize::try_from(name.last.unwrap()).unwrap();
                prop_assert_eq!(bytes, file_of(&model.entries[first..last], true));
            }
        }
        model.step(&mut files, &Step::Append(vec![(Kind::Plain, 9), (Kind::Last, 9), (Kind::Plain, 9)])).unwrap();
        model.check(&files);
    }
}
