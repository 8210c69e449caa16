//! Takes through the whole outbox, into files.

use super::*;
use straightshot_protocol::{Audio, Request};
use straightshot_takes::{Take, TakeId};

fn take(prompt: &str) -> Arc<Take> {
    let request = Request { prompt: prompt.into(), seed: 7, ..Request::default() };
    let tone: Vec<f32> = (0..4_410).map(|i| 0.5 * (i as f32 * 0.1).sin()).collect();
    Arc::new(Take::new(TakeId(3), request, &Audio::mono(44_100, tone)).unwrap())
}

fn told() -> (Teller, Receiver<Report>) {
    let (sender, reports) = unbounded();
    (Box::new(move |report| drop(sender.send(report.clone()))), reports)
}

/// One test, because the settings are the process's.
#[test]
fn bwf_takes_go_out_named_and_a_failure_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::new(Arc::default());
    let settings = Settings { folder: Some(folder.path().join("out")), ..Settings::default() };
    settings::replace(settings.clone());

    let files = outbox.deliver(vec![take("dog barking").into()], told().0).wait().unwrap();
    let file = folder.path().join("out/ANMLDog_Dog Barking_Straightshot_NONE_T03-S7.wav");
    assert_eq!(files, std::slice::from_ref(&file));
    let reader = hound::WavReader::open(&file).unwrap();
    assert_eq!((reader.duration(), reader.spec().bits_per_sample), (4_410, 24));

    // The same again is the same file; a part of it is another.
    let part = Piece { take: take("dog barking"), range: Some(100..1_100) };
    let files = outbox.deliver(vec![take("dog barking").into(), part], told().0).wait().unwrap();
    assert_eq!(files[0], file);
    assert_eq!(hound::WavReader::open(&files[1]).unwrap().duration(), 1_000);

    let (tell, reports) = told();
    outbox.export(vec![take("dog barking").into(), take("rain on a tent").into()], tell);
    let report = reports.recv().unwrap();
    assert!(!report.failed && report.text.contains("2 sounds"), "{report:?}");
    assert_eq!(std::fs::read_dir(&report.paths[0]).unwrap().count(), 4);

    // A folder that cannot be: the user reads why, the take is as it was.
    std::fs::write(folder.path().join("file"), b"x").unwrap();
    settings::replace(Settings { folder: Some(folder.path().join("file")), ..settings });
    let (tell, reports) = told();
    outbox.save(vec![take("dog barking").into()], tell);
    let report = reports.recv().unwrap();
    assert!(report.failed && report.text.contains("file") && report.paths.is_empty(), "{report:?}");

    outbox.shutdown();
    let late = outbox.deliver(vec![take("dog barking").into()], told().0);
    assert_eq!(late.wait().unwrap_err().kind, ErrorKind::Cancelled);
}
