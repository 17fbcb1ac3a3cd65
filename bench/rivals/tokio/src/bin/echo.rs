//! tokio in the streams section: a task a connection on its current-thread runtime. Prints "ready PORT" once
//! it listens.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn echo(mut connection: TcpStream) -> std::io::Result<()> {
    let mut buffer = [0; 8192];
    loop {
        let size = connection.read(&mut buffer).await?;
        if size == 0 {
            return Ok(());
        }
        connection.write_all(&buffer[..size]).await?;
    }
}

async fn serve(port: &str) -> std::io::Result<()> {
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("ready {port}");
    loop {
        let (connection, _) = listener.accept().await?;
        connection.set_nodelay(true)?;
        tokio::spawn(echo(connection));
    }
}

fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).expect("usage: echo PORT");
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve(&port))
}
