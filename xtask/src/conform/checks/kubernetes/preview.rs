//! Pull requests that run by themselves, in a repository that comes to want them.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::uninstall::left;
use crate::conform::bed::Bed;
use crate::conform::cluster::{Cluster, succeeded};
use crate::conform::{staging, workspace};
use crate::{process, stack};

/// Two pull requests at once; the first has a second commit.
const COMMITS: [&str; 3] = ["12", "13", "12"];

/// Where the previews of a repository are, and somebody who may only make them.
struct Previews {
    cluster: Cluster,
    folder: PathBuf,
    slug: String,
    namespace: String,
    image: String,
    previewer: PathBuf,
}

pub fn previews(bed: &Bed) -> Result<()> {
    let previews = Previews::set_up(bed)?;
    let before = previews.cluster.everything(&previews.namespace)?;
    for number in COMMITS {
        previews.script("preview.sh", "up", number)?;
    }
    let [first, second, _] = COMMITS;
    for number in [first, second] {
        previews.script("release.sh", "smoke-test", number)?;
    }
    // One that goes takes nothing of the other with it.
    previews.script("preview.sh", "down", first)?;
    previews.script("release.sh", "smoke-test", second)?;
    previews.script("preview.sh", "down", second)?;
    left(&previews.cluster, &previews.namespace, &before)
}

impl Previews {
    /// What who runs the cluster does, once.
    fn set_up(bed: &Bed) -> Result<Self> {
        let scratch = bed.folder("previews")?;
        let (cluster, folder) = (Cluster::reach(&scratch)?, scratch.join("repository"));
        workspace::copy(&bed.repository.folder, &folder)?;
        let mut update = Command::new(stack::boatyard()?);
        update.args(["update", "--set", "previews=pull-requests"]);
        process::ok(update.current_dir(&folder), Duration::from_secs(30))?;
        let slug = staging::slug(&folder)?;
        let namespace = format!("{slug}-previews");
        cluster.claim(&namespace)?;
        let file = folder.join("deploy/kubernetes/previews.yaml");
        let file = file.to_string_lossy().into_owned();
        cluster.ok(&["apply", "--server-side", "--force-conflicts", "--filename", &file])?;
        let image = staging::tagged(&bed.build.image, "preview");
        staging::derive(&bed.build.image, "preview", "", &scratch.join("image"))?;
        cluster.load(&[&image])?;
        staging::servers(&cluster, &folder, &namespace, &image)?;
        Ok(Self {
            previewer: cluster.member_of(&namespace)?,
            cluster,
            folder,
            slug,
            namespace,
            image,
        })
    }

    /// A script of the repository, for a pull request, with the rights of its workflow.
    fn script(&self, name: &str, command: &str, number: &str) -> Result<()> {
        let mut script = Command::new(format!("scripts/{name}"));
        script.arg(command).current_dir(&self.folder);
        script.env("KUBECONFIG", &self.previewer).env("IMAGE", &self.image);
        script.env("PREVIEW", number).env("ENV", "development");
        script.env("RELEASE", format!("{}-pr-{number}", self.slug));
        script.env("NAMESPACE", &self.namespace);
        let output = process::run(&mut script, Duration::from_secs(240))?;
        succeeded(&format!("{name} {command} of {number}"), &output)
            .with_context(|| self.cluster.last_words(&self.namespace))
    }
}

impl Drop for Previews {
    fn drop(&mut self) {
        self.cluster.remove(&self.namespace);
    }
}
