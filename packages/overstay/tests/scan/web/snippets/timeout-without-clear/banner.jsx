import React from 'react';

export class Banner extends React.Component {
  state = { isOpen: true };

  componentDidMount() {
    this.timer = setTimeout(() => this.setState({ isOpen: false }), 5000); // good
    setTimeout(this.track, 1000); // bad
  }

  componentWillUnmount() {
    clearTimeout(this.timer);
  }

  track = () => {};

  render() {
    return this.state.isOpen ? <div>ad</div> : null;
  }
}
