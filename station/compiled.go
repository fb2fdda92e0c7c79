package station

// #cgo linux LDFLAGS: -lGL
// #ifdef __linux__
// #define GL_GLEXT_PROTOTYPES
// #include <GL/gl.h>
// #include <GL/glext.h>
// // The toolkit has ten programs of two shaders each; names are given from 1 on.
// enum { mostNames = 64, mostShaders = 4 };
// static void compiled(void) {
// 	for (GLuint p = 1; p <= mostNames; p++) {
// 		if (!glIsProgram(p)) continue;
// 		GLuint shaders[mostShaders];
// 		GLsizei n = 0;
// 		glGetAttachedShaders(p, mostShaders, &n, shaders);
// 		for (GLsizei i = 0; i < n; i++) {
// 			glDetachShader(p, shaders[i]);
// 			glDeleteShader(shaders[i]);
// 		}
// 	}
// 	glReleaseShaderCompiler();
// }
// #else
// static void compiled(void) {}
// #endif
import "C"

import (
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
)

// compiled returns an invisible object that, when it is painted, frees what the toolkit's programs for the graphics card were
// compiled from: their shaders, which OpenGL lets go of once a program is linked, and the compiler (glReleaseShaderCompiler).
// The toolkit compiles all its programs before it paints anything, and where a graphics card is missing they lie in this
// program's memory. Only while something is painted is the toolkit's context the current one.
func compiled() fyne.CanvasObject {
	freed := false
	r := canvas.NewRaster(func(int, int) image.Image {
		if !freed {
			freed = true
			C.compiled()
		}
		return image.NewNRGBA(image.Rect(0, 0, 1, 1))
	})
	r.Resize(fyne.NewSize(1, 1))
	return container.NewWithoutLayout(r)
}
